create table users (
  id uuid primary key default gen_random_uuid(),

  -- 암호화된 개인정보 (PII)
  email_encrypted text not null,
  email_key_id varchar(100) not null,
  phone_encrypted text,
  phone_key_id varchar(100),
  name_encrypted text,
  name_key_id varchar(100),

  -- 검색용 해시: HMAC-SHA-256 of the normalised address (trimmed, lower case, NFC), 64 lower-case hex digits.
  -- A plain SHA-256 can be guessed from a list of addresses.
  email_hash varchar(64) not null,

  -- 인증 정보 (암호화)
  password_hash_encrypted text not null,
  password_key_id varchar(100) not null,
  salt varchar(64) not null,

  -- 권한 및 상태
  role varchar(20) not null default 'CUSTOMER',
  permissions jsonb default '[]',
  status varchar(10) not null default 'ACTIVE', -- users are deleted by DELETED here: audit rows keep referring to them

  -- 보안 메타데이터
  last_login_at timestamptz,
  password_changed_at timestamptz default now(),
  failed_login_count integer default 0,
  locked_until timestamptz,

  -- 2FA
  two_factor_enabled boolean default false,
  two_factor_secret_encrypted text,
  two_factor_secret_key_id varchar(100),

  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1,

  constraint uk_users_email_hash unique (email_hash),
  constraint ck_users_role check (role in ('CUSTOMER', 'RESTAURANT_OWNER', 'STAFF', 'ADMIN')),
  constraint ck_users_status check (status in ('ACTIVE', 'SUSPENDED', 'DELETED')),
  -- [ADDITION] Catches an address, or another encoding of the hash, stored by mistake.
  constraint ck_users_email_hash check (email_hash ~ '^[0-9a-f]{64}$'),
  -- [ADDITION] Half a pair cannot be decrypted.
  constraint ck_users_phone_pair check ((phone_encrypted is null) = (phone_key_id is null)),
  constraint ck_users_name_pair check ((name_encrypted is null) = (name_key_id is null)),
  constraint ck_users_two_factor_secret_pair check (
    (two_factor_secret_encrypted is null) = (two_factor_secret_key_id is null)
  )
);

-- Hash, as the specification's index table says; uk_users_email_hash is the B-tree on the same column.
create index idx_users_email_hash on users using hash (email_hash);
create index idx_users_status_role on users (status, role);
create index idx_users_created_at on users (created_at);

comment on column users.email_hash is 'SHA-256 해시 - 로그인 시 빠른 검색용 (HMAC-SHA-256, 정규화한 이메일)';
comment on column users.failed_login_count is '5회 초과 시 계정 잠금';
