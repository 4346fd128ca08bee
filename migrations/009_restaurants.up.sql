create table restaurants (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references users (id),

  -- 암호화된 매장 정보
  name_encrypted text not null,
  name_key_id varchar(100) not null,
  address_encrypted text not null,
  address_key_id varchar(100) not null,
  phone_encrypted text not null,
  phone_key_id varchar(100) not null,
  business_number_encrypted text,
  business_number_key_id varchar(100),

  -- 검색용 데이터 (암호화하지 않음)
  name_search text, -- 검색용 평문 (선택적)
  category varchar(50), -- '한식', '중식', '일식'

  -- 운영 정보
  status varchar(15) not null default 'ACTIVE',
  business_hours jsonb,
  settings jsonb default '{}',

  -- 위치 정보 (검색용)
  latitude decimal(10, 8),
  longitude decimal(11, 8),

  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1,

  constraint ck_restaurants_status check (status in ('ACTIVE', 'SUSPENDED', 'CLOSED', 'DELETED')),
  -- [ADDITION] Half a pair cannot be decrypted.
  constraint ck_restaurants_business_number_pair check (
    (business_number_encrypted is null) = (business_number_key_id is null)
  )
);

create index idx_restaurants_owner_id on restaurants (owner_id);
create index idx_restaurants_status on restaurants (status) where status = 'ACTIVE';
create index idx_restaurants_category on restaurants (category);
create index idx_restaurants_location on restaurants using gist (point(longitude, latitude));
create index idx_restaurants_name_search on restaurants using gin (to_tsvector('korean', name_search));
-- [ADDITION] Parts of a name: name_search like '%치킨%'. Patterns shorter than three characters read the whole index.
create index idx_restaurants_name_search_trgm on restaurants using gin (name_search gin_trgm_ops);

comment on column restaurants.name_search is '검색용 평문 (선택적) - 암호화된 name과 동기화';
