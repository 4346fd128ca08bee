create table user_sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,

  -- 토큰 해시 (검색용)
  access_token_hash varchar(128) not null,
  refresh_token_hash varchar(128),

  -- 암호화된 보안 정보
  ip_address_encrypted text not null, -- the pair ('none', 'none') when there is no client address
  ip_key_id varchar(100) not null,
  ip_hash varchar(64), -- [ADDITION] keyed HMAC: equal addresses can be counted, which random nonces prevent
  user_agent_encrypted text,
  ua_key_id varchar(100),
  device_info_encrypted text, -- 디바이스 정보
  device_key_id varchar(100),

  -- 세션 상태
  expires_at timestamptz not null,
  refresh_expires_at timestamptz,
  last_activity_at timestamptz default now(),
  is_revoked boolean default false,

  created_at timestamptz not null default now(),

  -- [ADDITION] Half a pair cannot be decrypted; a hash of another form would never be found.
  constraint ck_user_sessions_user_agent_pair check ((user_agent_encrypted is null) = (ua_key_id is null)),
  constraint ck_user_sessions_device_info_pair check ((device_info_encrypted is null) = (device_key_id is null)),
  constraint ck_user_sessions_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$')
);

create unique index idx_sessions_access_token on user_sessions (access_token_hash);
create unique index idx_sessions_refresh_token on user_sessions (refresh_token_hash);
create index idx_sessions_user_id on user_sessions (user_id);
create index idx_sessions_expires_at on user_sessions (expires_at);
create index idx_sessions_is_revoked on user_sessions (is_revoked) where is_revoked = false;
-- [ADDITION] Sessions of one address.
create index idx_sessions_ip_hash on user_sessions (ip_hash, created_at) where ip_hash is not null;

comment on table user_sessions is 'JWT 토큰 세션 관리 (Stateless + DB 검증)';
comment on column user_sessions.ip_hash is '클라이언트 주소의 HMAC (동일 주소 집계용)';
