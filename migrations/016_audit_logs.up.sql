create table audit_logs (
  id uuid not null default gen_random_uuid(),
  trace_id varchar(32) not null, -- 분산 추적 ID, 32 hex digits; the ciphertexts of the row are bound to it

  -- 액션 정보
  action varchar(50) not null, -- 'CREATE_ORDER', 'LOGIN', etc.
  resource_type varchar(50) not null, -- 'Order', 'User', 'Payment'; the audit trigger writes the table's name
  resource_id varchar(100),

  -- 사용자 정보 (암호화)
  user_id uuid references users (id),
  ip_address_encrypted text not null, -- the pair ('none', 'none') when there is no client address
  ip_key_id varchar(100) not null,
  ip_hash varchar(64), -- [ADDITION] keyed HMAC: requests of one address can be counted
  user_agent_encrypted text,
  ua_key_id varchar(100),

  -- 변경 내용 (암호화)
  old_value_encrypted text,
  old_value_key_id varchar(100),
  new_value_encrypted text,
  new_value_key_id varchar(100),
  -- [ADDITION] What changed, in the clear, for columns that are not sensitive: {"role": {"old": ..., "new": ...}}. The
  -- database has no key, so it can never write the encrypted pairs itself.
  changes jsonb,

  -- 실행 결과
  success boolean not null,
  error_message text,
  duration_ms bigint,

  created_at timestamptz not null default now(),

  -- The partition key has to be part of the primary key; nothing references this table.
  primary key (id, created_at),
  -- The first nine are the specification's. The others are all added at once, so that no later migration has to check a
  -- table of this size again. CREATE_USER to DELETE_PAYMENT are written by the audit trigger; LOGIN, LOGOUT,
  -- CREATE_ORDER, ACCEPT_ORDER, CANCEL_ORDER and REFUND_PAYMENT by the application; the key actions by the key commands.
  constraint ck_audit_logs_action check (
    action in (
      'LOGIN', 'LOGOUT', 'CREATE_ORDER', 'ACCEPT_ORDER', 'CANCEL_ORDER', 'CREATE_PAYMENT', 'REFUND_PAYMENT',
      'UPDATE_USER', 'DELETE_USER',
      'UPDATE_PERMISSIONS', 'CREATE_USER', 'UPDATE_PAYMENT', 'DELETE_PAYMENT',
      'ROTATE_KEY', 'CREATE_KEY', 'REWRAP_KEY', 'RETIRE_KEY', 'DESTROY_KEY', 'DECRYPT_VALUE'
    )
  ),
  -- [ADDITION] Half a pair cannot be decrypted; a hash of another form would never be found.
  constraint ck_audit_logs_user_agent_pair check ((user_agent_encrypted is null) = (ua_key_id is null)),
  constraint ck_audit_logs_old_value_pair check ((old_value_encrypted is null) = (old_value_key_id is null)),
  constraint ck_audit_logs_new_value_pair check ((new_value_encrypted is null) = (new_value_key_id is null)),
  constraint ck_audit_logs_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$')
) partition by range (created_at);

-- 인덱스 (시계열 + 조회 패턴 최적화)
create index idx_audit_logs_trace_id on audit_logs (trace_id);
create index idx_audit_logs_action on audit_logs (action);
create index idx_audit_logs_resource on audit_logs (resource_type, resource_id);
create index idx_audit_logs_user_id on audit_logs (user_id);
create index idx_audit_logs_created_at on audit_logs (created_at);
create index idx_audit_logs_success on audit_logs (success) where success = false;
-- 감사 로그는 시간순으로 삽입됨
create index idx_audit_logs_created_brin on audit_logs using brin (created_at);
-- [ADDITION] Suspicious addresses: the hash, not the ciphertext, is equal for equal addresses.
create index idx_audit_logs_ip_hash on audit_logs (ip_hash, created_at) where ip_hash is not null;

comment on table audit_logs is '완전한 감사 추적 - 모든 중요 액션 기록 (불변)';
comment on column audit_logs.ip_hash is '클라이언트 주소의 HMAC (동일 주소 집계용)';
comment on column audit_logs.changes is '변경 내용 중 민감하지 않은 컬럼 (role, permissions, status, 금액 등)';

select ensure_month_partitions(
  'audit_logs', (now() at time zone 'UTC')::date, (now() at time zone 'UTC' + interval '3 months')::date);

-- [ADDITION] Where archive_old_audit_logs() puts what is older than six months. The columns of audit_logs and the time of
-- the move; no foreign key, because users may be gone by then.
create table audit_logs_archive (
  id uuid not null,
  trace_id varchar(32) not null,
  action varchar(50) not null,
  resource_type varchar(50) not null,
  resource_id varchar(100),
  user_id uuid,
  ip_address_encrypted text not null,
  ip_key_id varchar(100) not null,
  ip_hash varchar(64),
  user_agent_encrypted text,
  ua_key_id varchar(100),
  old_value_encrypted text,
  old_value_key_id varchar(100),
  new_value_encrypted text,
  new_value_key_id varchar(100),
  changes jsonb,
  success boolean not null,
  error_message text,
  duration_ms bigint,
  created_at timestamptz not null,
  archived_at timestamptz not null default now(),

  primary key (id, created_at),
  constraint ck_audit_logs_archive_user_agent_pair check ((user_agent_encrypted is null) = (ua_key_id is null)),
  constraint ck_audit_logs_archive_old_value_pair check ((old_value_encrypted is null) = (old_value_key_id is null)),
  constraint ck_audit_logs_archive_new_value_pair check ((new_value_encrypted is null) = (new_value_key_id is null))
);

create index idx_audit_logs_archive_created_at on audit_logs_archive (created_at);
create index idx_audit_logs_archive_trace_id on audit_logs_archive (trace_id);

comment on table audit_logs_archive is '6개월 이상 된 감사 로그 (archive_old_audit_logs)';
