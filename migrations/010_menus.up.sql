create table menus (
  id uuid primary key default gen_random_uuid(),
  restaurant_id uuid not null references restaurants (id) on delete cascade,

  -- 암호화된 메뉴 정보
  name_encrypted text not null,
  name_key_id varchar(100) not null,
  description_encrypted text,
  description_key_id varchar(100),

  -- 가격 정보 (암호화하지 않음 - 계산 필요)
  price bigint not null,
  discount_rate integer default 0, -- 할인율 (%)

  -- 메뉴 속성
  category varchar(50) not null,
  tags text[], -- ['spicy', 'vegetarian']
  options jsonb, -- 메뉴 옵션 (맵기, 크기 등)

  -- 재고 및 상태
  is_available boolean default true,
  daily_limit integer, -- 일일 판매 한도
  sold_count integer default 0, -- 오늘 판매량

  -- 메타데이터
  image_url text,
  sort_order integer default 0,

  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1,

  -- [ADDITION] Half a pair cannot be decrypted; negative prices and counts are mistakes.
  constraint ck_menus_description_pair check ((description_encrypted is null) = (description_key_id is null)),
  constraint ck_menus_numbers check (
    price >= 0 and discount_rate between 0 and 100 and daily_limit >= 0 and sold_count >= 0
  )
);

create index idx_menus_restaurant_id on menus (restaurant_id);
create index idx_menus_category on menus (category);
create index idx_menus_available on menus (is_available) where is_available = true;
create index idx_menus_restaurant_category on menus (restaurant_id, category, sort_order);

comment on column menus.daily_limit is '일일 판매 한도 (NULL이면 무제한)';
comment on column menus.sold_count is '매일 자정 초기화';
