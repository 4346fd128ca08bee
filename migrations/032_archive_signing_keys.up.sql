-- [ADDITION] The keys that sign the manifests of archives. The private half, 32 bytes, is wrapped like every other key, by a
-- KMS or the local keyring; the public half is here in clear, and beside the archives, so that whoever has it can check them
-- without database and KMS.
create table archive_signing_keys (
  id varchar(32) primary key, -- the first 32 hex digits of sha256 over the public key in DER: what a manifest names
  version integer not null,
  status varchar(10) not null default 'ACTIVE',
  provider varchar(20) not null,
  provider_key text not null,
  wrapped_key text, -- base64; null once destroyed: nothing more is signed with it, and what it signed can still be checked
  context jsonb not null,
  public_key text not null, -- PEM
  commitment varchar(64) not null,
  created_at timestamptz not null default now(),
  rewrapped_at timestamptz,
  destroyed_at timestamptz,

  constraint uk_archive_signing_keys_version unique (version),
  constraint ck_archive_signing_keys_id check (id ~ '^[0-9a-f]{32}$'),
  constraint ck_archive_signing_keys_version check (version > 0),
  constraint ck_archive_signing_keys_status check (status in ('ACTIVE', 'RETIRED')),
  constraint ck_archive_signing_keys_provider check (provider in ('local', 'aws-kms')),
  constraint ck_archive_signing_keys_context check (jsonb_typeof(context) = 'object'),
  constraint ck_archive_signing_keys_public_key check (public_key like '-----BEGIN PUBLIC KEY-----%'),
  constraint ck_archive_signing_keys_commitment check (commitment ~ '^[0-9a-f]{64}$'),
  constraint ck_archive_signing_keys_destroyed check ((wrapped_key is null) = (destroyed_at is not null))
);

-- One chain of manifests is signed with one key at a time.
create unique index uk_archive_signing_keys_active on archive_signing_keys (status) where status = 'ACTIVE';

comment on table archive_signing_keys is '아카이브 매니페스트 서명 키 (Ed25519, 개인 키는 감싼 상태로만 저장)';
comment on column archive_signing_keys.public_key is '서명 검증용 공개 키 (PEM)';

-- Only the owner, who runs the archive, signs. Who is on duty sees which keys there are and may check what they signed, but
-- never gets the wrapped private half: the right to use the KMS key must not suffice to forge an archive.
grant select (id, version, status, provider, provider_key, public_key, created_at, rewrapped_at, destroyed_at)
  on archive_signing_keys to application_admin_role;
