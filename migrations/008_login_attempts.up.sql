create table login_attempts (
  id uuid primary key default gen_random_uuid(),
  email_hash varchar(64) not null, -- 이메일 해시 (검색용), as users.email_hash

  -- 암호화된 보안 정보
  ip_address_encrypted text not null, -- the pair ('none', 'none') when there is no client address
  ip_key_id varchar(100) not null,
  ip_hash varchar(64), -- [ADDITION] keyed HMAC: attempts from one address can be counted
  user_agent_encrypted text,
  ua_key_id varchar(100),

  success boolean not null,
  failure_reason varchar(50), -- 'INVALID_PASSWORD', 'ACCOUNT_LOCKED'

  created_at timestamptz not null default now(),

  -- [ADDITION] Half a pair cannot be decrypted; hashes of another form would never be found.
  constraint ck_login_attempts_user_agent_pair check ((user_agent_encrypted is null) = (ua_key_id is null)),
  constraint ck_login_attempts_email_hash check (email_hash ~ '^[0-9a-f]{64}$'),
  constraint ck_login_attempts_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$')
);

create index idx_login_attempts_email_hash on login_attempts (email_hash);
create index idx_login_attempts_created_at on login_attempts (created_at);
create index idx_login_attempts_success on login_attempts (success) where success = false;
-- [ADDITION] Brute force from one address over many accounts.
create index idx_login_attempts_ip_hash on login_attempts (ip_hash, created_at) where ip_hash is not null;

comment on table login_attempts is '로그인 시도 추적 - 브루트포스 공격 탐지';
comment on column login_attempts.ip_hash is '클라이언트 주소의 HMAC (동일 주소 집계용)';
