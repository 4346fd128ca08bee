-- [ADDITION] Where the keys themselves are: wrapped by a key that the KMS, or the local keyring, never gives out. Only who
-- may use that key can do anything with a row of these tables; docs/ciphertext.md describes what is derived from it.
create table encryption_data_keys (
  -- Derived from the key, and characters 5 to 12 of every value encrypted with it: substr(email_encrypted, 5, 8).
  kid varchar(8) primary key,
  encryption_key_id uuid not null references encryption_keys (id),
  provider varchar(20) not null,
  provider_key text not null, -- what wrapped it: the ARN of a KMS key (never an alias, which moves), or a keyring key's id
  wrapped_key text, -- base64; null once destroyed, and then every value under it is lost for good
  context jsonb not null, -- the encryption context, needed again and unchanged to unwrap; names no host and no database
  commitment varchar(64) not null, -- derived from the key: shows after unwrapping that it is the right one
  created_at timestamptz not null default now(),
  rewrapped_at timestamptz,
  destroyed_at timestamptz,

  constraint uk_encryption_data_keys_encryption_key_id unique (encryption_key_id),
  constraint ck_encryption_data_keys_kid check (kid ~ '^[A-Za-z0-9_-]{8}$'),
  constraint ck_encryption_data_keys_provider check (provider in ('local', 'aws-kms')),
  constraint ck_encryption_data_keys_context check (jsonb_typeof(context) = 'object'),
  constraint ck_encryption_data_keys_commitment check (commitment ~ '^[0-9a-f]{64}$'),
  constraint ck_encryption_data_keys_destroyed check ((wrapped_key is null) = (destroyed_at is not null))
);

-- [ADDITION] The keys of the columns that find a row by a value without storing it: email_hash, ip_hash, external_id_hash,
-- and the identifier of api_rate_limits. They do not rotate with the data keys, because every look-up needs the same one.
create table blind_index_keys (
  purpose varchar(20) not null,
  version integer not null default 1,
  status varchar(10) not null default 'ACTIVE',
  provider varchar(20) not null,
  provider_key text not null,
  wrapped_key text,
  context jsonb not null,
  commitment varchar(64) not null,
  created_at timestamptz not null default now(),
  rewrapped_at timestamptz,
  destroyed_at timestamptz,

  primary key (purpose, version),
  constraint ck_blind_index_keys_purpose check (purpose in ('email', 'ip', 'external_id', 'rate_limit')),
  constraint ck_blind_index_keys_version check (version > 0),
  constraint ck_blind_index_keys_status check (status in ('ACTIVE', 'ROTATING', 'RETIRED')),
  constraint ck_blind_index_keys_provider check (provider in ('local', 'aws-kms')),
  constraint ck_blind_index_keys_context check (jsonb_typeof(context) = 'object'),
  constraint ck_blind_index_keys_commitment check (commitment ~ '^[0-9a-f]{64}$'),
  constraint ck_blind_index_keys_destroyed check ((wrapped_key is null) = (destroyed_at is not null))
);

-- Writers ask for the one key of a purpose; two would give one address two hashes.
create unique index uk_blind_index_keys_active on blind_index_keys (purpose) where status = 'ACTIVE';

comment on table encryption_data_keys is '감싼 데이터 키 (KMS 또는 로컬 키링으로 래핑, 평문 키는 저장하지 않음)';
comment on column encryption_data_keys.kid is '암호문 5~12번째 글자에 있는 키 식별자';
comment on column encryption_data_keys.commitment is '언래핑한 키의 검증값 (HKDF)';
comment on table blind_index_keys is '검색용 HMAC 키 (감싼 상태로만 저장)';

-- The application unwraps keys itself, with its own rights in the KMS, so it reads them; nobody but the owner writes them.
grant select on encryption_data_keys, blind_index_keys to application_role, application_admin_role, ordersync_rotator;
grant select on encryption_keys to ordersync_rotator;
