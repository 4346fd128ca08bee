-- [ADDITION] What a rotation of keys remembers, so that it resumes after any crash and several machines can work on it
-- together. These rows say how far it got; which key a value is under is said by the value alone.
create table key_rotation_runs (
  id uuid primary key default gen_random_uuid(),
  key_type varchar(20) not null,
  to_key_id varchar(100) not null references encryption_keys (key_id), -- every other key of the type is to be left
  status varchar(10) not null default 'RUNNING',
  -- The moment the new key became ACTIVE: who cached the old one may write with it for a grace period from here.
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  started_by jsonb not null default '{}', -- os_user, host, database_role
  first_lsn pg_lsn not null default pg_current_wal_lsn(),
  last_lsn pg_lsn,
  report jsonb, -- counts of the finished run, as its JSON report has them

  constraint ck_key_rotation_runs_type check (key_type in ('pii', 'payment', 'business')),
  constraint ck_key_rotation_runs_status check (status in ('RUNNING', 'FINISHED', 'ABORTED')),
  constraint ck_key_rotation_runs_finished check ((status = 'RUNNING') = (finished_at is null))
);

-- Two rotations of one type at once would each leave what the other wrote.
create unique index uk_key_rotation_runs_running on key_rotation_runs (key_type) where status = 'RUNNING';
create index idx_key_rotation_runs_to_key_id on key_rotation_runs (to_key_id);

-- Ranges of heap pages of one relation, cut when the run starts. A worker claims one by an advisory lock, which no crash
-- leaves behind; rows that are written elsewhere meanwhile are found by the sweep at the end.
create table key_rotation_chunks (
  run_id uuid not null references key_rotation_runs (id) on delete cascade,
  chunk integer not null, -- from 1, in working order
  table_name varchar(63) not null, -- as registered; of a partition its parent
  relation_id oid not null, -- the partition, or the table itself
  relation_name varchar(63) not null,
  first_page bigint not null,
  end_page bigint not null, -- exclusive
  done_at timestamptz,
  rows_renewed bigint not null default 0,
  values_renewed bigint not null default 0,
  -- Behind a transaction pooler, where a session lock belongs to nobody: claimed until then, by the server's clock.
  leased_until timestamptz,
  leased_by uuid,

  primary key (run_id, chunk),
  constraint ck_key_rotation_chunks_pages check (first_page >= 0 and end_page > first_page),
  constraint ck_key_rotation_chunks_counts check (rows_renewed >= 0 and values_renewed >= 0)
);

create index idx_key_rotation_chunks_open on key_rotation_chunks (run_id, chunk) where done_at is null;

-- Values that could not be decrypted: left exactly as they are. Never a ciphertext, never a plaintext.
create table key_rotation_bad_rows (
  run_id uuid not null references key_rotation_runs (id) on delete cascade,
  table_name varchar(63) not null,
  row_id uuid not null,
  column_name varchar(63) not null,
  reason varchar(30) not null,
  found_at timestamptz not null default now(),

  primary key (run_id, table_name, row_id, column_name)
);

comment on table key_rotation_runs is '키 교체 실행 기록 (재개 상태와 결과 보고)';
comment on table key_rotation_chunks is '키 교체 작업 단위 (힙 페이지 범위)';
comment on table key_rotation_bad_rows is '키 교체 중 복호화할 수 없었던 값 (원본은 그대로 유지)';

grant select on key_rotation_runs, key_rotation_chunks, key_rotation_bad_rows to application_admin_role, ordersync_rotator;
