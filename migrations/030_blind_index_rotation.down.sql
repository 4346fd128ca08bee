revoke update (ip_hash) on audit_logs, audit_logs_archive from ordersync_rotator;

create or replace trigger audit_logs_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, ip_hash, changes, success, error_message,
    duration_ms, created_at
  on audit_logs
  for each statement
  execute function audit_logs_guard();

create or replace trigger audit_logs_guard_pairs
  before update of ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, old_value_encrypted,
    old_value_key_id, new_value_encrypted, new_value_key_id
  on audit_logs
  for each statement
  execute function audit_logs_guard('pairs');

create or replace trigger audit_logs_archive_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, ip_hash, changes, success, error_message,
    duration_ms, created_at, archived_at
  on audit_logs_archive
  for each statement
  execute function audit_logs_guard();

create or replace trigger audit_logs_archive_guard_pairs
  before update of ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, old_value_encrypted,
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

create or replace trigger trigger_audit_payments_update
  after update on payments
  for each row
  when (
    (old.id, old.order_id, old.amount, old.fee, old.net_amount, old.payment_method, old.external_id_hash, old.status,
     old.created_at, old.authorized_at, old.captured_at, old.failed_at, old.version)
    is distinct from
    (new.id, new.order_id, new.amount, new.fee, new.net_amount, new.payment_method, new.external_id_hash, new.status,
     new.created_at, new.authorized_at, new.captured_at, new.failed_at, new.version)
    or old.external_id_encrypted <> new.external_id_encrypted and old.external_key_id = new.external_key_id
    or old.card_info_encrypted is distinct from new.card_info_encrypted
      and (old.card_info_key_id = new.card_info_key_id) is not false
  )
  execute function auto_audit_log();

create or replace trigger trigger_audit_users_update
  after update on users
  for each row
  when (
    (old.id, old.email_hash, old.salt, old.role, old.permissions, old.status, old.last_login_at, old.password_changed_at,
     old.failed_login_count, old.locked_until, old.two_factor_enabled, old.created_at, old.version)
    is distinct from
    (new.id, new.email_hash, new.salt, new.role, new.permissions, new.status, new.last_login_at, new.password_changed_at,
     new.failed_login_count, new.locked_until, new.two_factor_enabled, new.created_at, new.version)
    or old.email_encrypted <> new.email_encrypted and old.email_key_id = new.email_key_id
    or old.password_hash_encrypted <> new.password_hash_encrypted and old.password_key_id = new.password_key_id
    or old.phone_encrypted is distinct from new.phone_encrypted and (old.phone_key_id = new.phone_key_id) is not false
    or old.name_encrypted is distinct from new.name_encrypted and (old.name_key_id = new.name_key_id) is not false
    or old.two_factor_secret_encrypted is distinct from new.two_factor_secret_encrypted
      and (old.two_factor_secret_key_id = new.two_factor_secret_key_id) is not false
  )
  execute function auto_audit_log();

create or replace trigger trigger_users_updated_at
  before update on users
  for each row
  when (
    (old.id, old.email_hash, old.salt, old.role, old.permissions, old.status, old.last_login_at, old.password_changed_at,
     old.failed_login_count, old.locked_until, old.two_factor_enabled, old.created_at, old.version)
    is distinct from
    (new.id, new.email_hash, new.salt, new.role, new.permissions, new.status, new.last_login_at, new.password_changed_at,
     new.failed_login_count, new.locked_until, new.two_factor_enabled, new.created_at, new.version)
    or old.email_encrypted <> new.email_encrypted and old.email_key_id = new.email_key_id
    or old.password_hash_encrypted <> new.password_hash_encrypted and old.password_key_id = new.password_key_id
    or old.phone_encrypted is distinct from new.phone_encrypted and (old.phone_key_id = new.phone_key_id) is not false
    or old.name_encrypted is distinct from new.name_encrypted and (old.name_key_id = new.name_key_id) is not false
    or old.two_factor_secret_encrypted is distinct from new.two_factor_secret_encrypted
      and (old.two_factor_secret_key_id = new.two_factor_secret_key_id) is not false
  )
  execute function set_updated_at();

-- A view loses a column only by being made again, with its grants.
drop view current_user_profile;
create view current_user_profile with (security_barrier) as
select
  id, email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, role, permissions, status, last_login_at, password_changed_at,
  two_factor_enabled, two_factor_secret_encrypted, two_factor_secret_key_id, created_at, updated_at, version
from users
where id = app_current_user_id()
with local check option;

comment on view current_user_profile is '현재 사용자(app.current_user_id)의 본인 정보';

grant select on current_user_profile to application_role;
grant update (
  email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, password_changed_at, two_factor_enabled, two_factor_secret_encrypted,
  two_factor_secret_key_id, version
) on current_user_profile to application_role;

alter table users drop column email_hash_prev;
drop table blind_index_progress;
alter table blind_index_keys drop column retired_at;
