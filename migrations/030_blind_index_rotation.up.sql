-- [ADDITION] Rotation of the keys behind email_hash, ip_hash and external_id_hash. While it lasts, a row may be found by its
-- hash under the older or under the newer key: every look-up asks for both. Each row is renewed where it is.
alter table blind_index_keys add column retired_at timestamptz;

-- How far each table is through, so that an interrupted rotation goes on where it was.
create table blind_index_progress (
  purpose varchar(20) not null,
  version integer not null, -- of the key that is rotated to
  table_name varchar(63) not null,
  position text[], -- primary key of the last row seen
  rows_seen bigint not null default 0,
  rows_renewed bigint not null default 0,
  done_at timestamptz,
  updated_at timestamptz not null default now(),

  primary key (purpose, version, table_name),
  constraint fk_blind_index_progress_key foreign key (purpose, version) references blind_index_keys (purpose, version)
    on delete cascade,
  constraint ck_blind_index_progress_counts check (rows_seen >= rows_renewed and rows_renewed >= 0)
);

comment on table blind_index_progress is '블라인드 인덱스 키 교체 진행 상황';
grant select on blind_index_progress to application_admin_role, ordersync_rotator;

-- The hash under the older key of rows that have one under the newer already. An address is then claimed under the older
-- key by exactly one of the two columns, so that a unique index on coalesce(email_hash_prev, email_hash), which is there
-- while a rotation lasts, keeps every address unique whichever key a writer still has. Null at all other times.
alter table users
  add column email_hash_prev varchar(64),
  add constraint ck_users_email_hash_prev check (email_hash_prev ~ '^[0-9a-f]{64}$') not valid;
alter table users validate constraint ck_users_email_hash_prev;

comment on column users.email_hash_prev is '키 교체 중 이전 키의 이메일 해시 (평상시 NULL)';

grant insert (email_hash_prev) on users to application_role;

create or replace view current_user_profile with (security_barrier) as
select
  id, email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, role, permissions, status, last_login_at, password_changed_at,
  two_factor_enabled, two_factor_secret_encrypted, two_factor_secret_key_id, created_at, updated_at, version,
  email_hash_prev
from users
where id = app_current_user_id()
with local check option;

grant update (email_hash_prev) on current_user_profile to application_role;

-- A hash that changes under an unchanged ciphertext is no change of the row when the rotator does it. Done by anybody else it
-- leads look-ups to another person, and is recorded as before.
create or replace trigger trigger_users_updated_at
  before update on users
  for each row
  when (
    (old.id, old.salt, old.role, old.permissions, old.status, old.last_login_at, old.password_changed_at,
     old.failed_login_count, old.locked_until, old.two_factor_enabled, old.created_at, old.version)
    is distinct from
    (new.id, new.salt, new.role, new.permissions, new.status, new.last_login_at, new.password_changed_at,
     new.failed_login_count, new.locked_until, new.two_factor_enabled, new.created_at, new.version)
    or (old.email_hash, old.email_hash_prev) is distinct from (new.email_hash, new.email_hash_prev)
      and not (old.email_encrypted = new.email_encrypted and pg_has_role('ordersync_rotator', 'usage'))
    or old.email_encrypted <> new.email_encrypted and old.email_key_id = new.email_key_id
    or old.password_hash_encrypted <> new.password_hash_encrypted and old.password_key_id = new.password_key_id
    or old.phone_encrypted is distinct from new.phone_encrypted and (old.phone_key_id = new.phone_key_id) is not false
    or old.name_encrypted is distinct from new.name_encrypted and (old.name_key_id = new.name_key_id) is not false
    or old.two_factor_secret_encrypted is distinct from new.two_factor_secret_encrypted
      and (old.two_factor_secret_key_id = new.two_factor_secret_key_id) is not false
  )
  execute function set_updated_at();

create or replace trigger trigger_audit_users_update
  after update on users
  for each row
  when (
    (old.id, old.salt, old.role, old.permissions, old.status, old.last_login_at, old.password_changed_at,
     old.failed_login_count, old.locked_until, old.two_factor_enabled, old.created_at, old.version)
    is distinct from
    (new.id, new.salt, new.role, new.permissions, new.status, new.last_login_at, new.password_changed_at,
     new.failed_login_count, new.locked_until, new.two_factor_enabled, new.created_at, new.version)
    or (old.email_hash, old.email_hash_prev) is distinct from (new.email_hash, new.email_hash_prev)
      and not (old.email_encrypted = new.email_encrypted and pg_has_role('ordersync_rotator', 'usage'))
    or old.email_encrypted <> new.email_encrypted and old.email_key_id = new.email_key_id
    or old.password_hash_encrypted <> new.password_hash_encrypted and old.password_key_id = new.password_key_id
    or old.phone_encrypted is distinct from new.phone_encrypted and (old.phone_key_id = new.phone_key_id) is not false
    or old.name_encrypted is distinct from new.name_encrypted and (old.name_key_id = new.name_key_id) is not false
    or old.two_factor_secret_encrypted is distinct from new.two_factor_secret_encrypted
      and (old.two_factor_secret_key_id = new.two_factor_secret_key_id) is not false
  )
  execute function auto_audit_log();

create or replace trigger trigger_audit_payments_update
  after update on payments
  for each row
  when (
    (old.id, old.order_id, old.amount, old.fee, old.net_amount, old.payment_method, old.status,
     old.created_at, old.authorized_at, old.captured_at, old.failed_at, old.version)
    is distinct from
    (new.id, new.order_id, new.amount, new.fee, new.net_amount, new.payment_method, new.status,
     new.created_at, new.authorized_at, new.captured_at, new.failed_at, new.version)
    or old.external_id_hash is distinct from new.external_id_hash
      and not (old.external_id_encrypted = new.external_id_encrypted and pg_has_role('ordersync_rotator', 'usage'))
    or old.external_id_encrypted <> new.external_id_encrypted and old.external_key_id = new.external_key_id
    or old.card_info_encrypted is distinct from new.card_info_encrypted
      and (old.card_info_key_id = new.card_info_key_id) is not false
  )
  execute function auto_audit_log();

-- ip_hash follows from the address and a key, as the ciphertext beside it does, and passes through the same narrow door.
create or replace trigger audit_logs_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, changes, success, error_message,
    duration_ms, created_at
  on audit_logs
  for each statement
  execute function audit_logs_guard();

create or replace trigger audit_logs_guard_pairs
  before update of ip_address_encrypted, ip_key_id, ip_hash, user_agent_encrypted, ua_key_id, old_value_encrypted,
    old_value_key_id, new_value_encrypted, new_value_key_id
  on audit_logs
  for each statement
  execute function audit_logs_guard('pairs');

create or replace trigger audit_logs_archive_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, changes, success, error_message,
    duration_ms, created_at, archived_at
  on audit_logs_archive
  for each statement
  execute function audit_logs_guard();

create or replace trigger audit_logs_archive_guard_pairs
  before update of ip_address_encrypted, ip_key_id, ip_hash, user_agent_encrypted, ua_key_id, old_value_encrypted,
    old_value_key_id, new_value_encrypted, new_value_key_id
  on audit_logs_archive
  for each statement
  execute function audit_logs_guard('pairs');

-- A replaced trigger fires as a new one does. Always again: also for sessions with session_replication_role = replica.
alter table audit_logs
  enable always trigger audit_logs_guard_update,
  enable always trigger audit_logs_guard_pairs;
alter table audit_logs_archive
  enable always trigger audit_logs_archive_guard_update,
  enable always trigger audit_logs_archive_guard_pairs;

select align_month_partition('audit_logs', ranges.partition)
from month_partition_ranges('audit_logs') ranges;

grant update (ip_hash) on audit_logs, audit_logs_archive to ordersync_rotator;
