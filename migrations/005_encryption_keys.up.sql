-- Metadata of the encryption keys; the keys themselves are in the KMS.
create table encryption_keys (
  id uuid primary key default gen_random_uuid(),
  key_type varchar(20) not null, -- 'pii', 'payment', 'business'
  key_id varchar(100) not null, -- stands beside every ciphertext; short and unique, such as pii-v2
  algorithm varchar(20) not null default 'AES-256-GCM',
  status varchar(10) not null default 'ACTIVE',

  created_at timestamptz not null default now(),
  retired_at timestamptz,
  version integer not null default 1,

  constraint uk_encryption_keys_type_version unique (key_type, version),
  -- [ADDITION] A key id names one key: a ciphertext must never have two candidates.
  constraint uk_encryption_keys_key_id unique (key_id),
  constraint ck_encryption_keys_status check (status in ('ACTIVE', 'ROTATING', 'RETIRED')),
  -- [ADDITION] The three types of the comment below; a misspelt type would encrypt under a key nobody rotates.
  constraint ck_encryption_keys_type check (key_type in ('pii', 'payment', 'business'))
);

create index idx_encryption_keys_type_status on encryption_keys (key_type, status);
create index idx_encryption_keys_created_at on encryption_keys (created_at);
-- [ADDITION] Writers ask for the one ACTIVE key of a type; two would be a coin toss.
create unique index uk_encryption_keys_active on encryption_keys (key_type) where status = 'ACTIVE';

comment on table encryption_keys is '암호화 키 메타데이터 (실제 키는 KMS에 저장)';
comment on column encryption_keys.key_type is 'pii: 개인정보, payment: 결제정보, business: 사업자정보';
