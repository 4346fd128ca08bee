-- [ADDITION] 감사 로그 불변: the specification calls audit_logs immutable and enforces nothing. Statement triggers, because
-- a row trigger costs a key rotation 18 %. Statement triggers of a parent do not fire for a partition that is addressed
-- directly, and never for its TRUNCATE: every partition has its own (align_month_partition copies them).
--
--   UPDATE of anything but the four ciphertext pairs   never
--   UPDATE of the pairs                                members of ordersync_rotator (a setting anybody can make would not do)
--   DELETE                                             only inside archive_old_audit_logs()
--   TRUNCATE                                           never
-- Rows leave by DETACH and DROP of a month whose archive is proven. The owner can drop a trigger; signed digests of the
-- archive are what shows that.
create function audit_logs_guard()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and tg_argv[0] = 'pairs' and pg_has_role(current_user, 'ordersync_rotator', 'usage') then
    return null;
  end if;
  -- archive_old_audit_logs() runs as the owner and opens the door for its own statement by naming its transaction.
  if tg_op = 'DELETE'
     and current_setting('ordersync.archiving_transaction', true) = pg_current_xact_id()::text
     and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    return null;
  end if;
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege',
          hint = case
            when tg_op <> 'UPDATE' then 'old rows leave by the archive, whole months by partition'
            when tg_argv[0] = 'pairs' then 'only a key rotation may do this, as a member of ordersync_rotator'
            else 'write another row that says what changed'
          end;
end
$$;

create trigger audit_logs_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, ip_hash, changes, success, error_message,
    duration_ms, created_at
  on audit_logs
  for each statement
  execute function audit_logs_guard();

create trigger audit_logs_guard_pairs
  before update of ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, old_value_encrypted,
    old_value_key_id, new_value_encrypted, new_value_key_id
  on audit_logs
  for each statement
  execute function audit_logs_guard('pairs');

create trigger audit_logs_guard_delete
  before delete on audit_logs
  for each statement
  execute function audit_logs_guard();

create trigger audit_logs_guard_truncate
  before truncate on audit_logs
  for each statement
  execute function audit_logs_guard();

-- Always: also for sessions with session_replication_role = replica.
alter table audit_logs
  enable always trigger audit_logs_guard_update,
  enable always trigger audit_logs_guard_pairs,
  enable always trigger audit_logs_guard_delete,
  enable always trigger audit_logs_guard_truncate;

select align_month_partition('audit_logs', ranges.partition)
from month_partition_ranges('audit_logs') ranges;

-- The archive table keeps its rows as they are too. Its rows may be deleted: by the owner, after their export.
create trigger audit_logs_archive_guard_update
  before update of id, trace_id, action, resource_type, resource_id, user_id, ip_hash, changes, success, error_message,
    duration_ms, created_at, archived_at
  on audit_logs_archive
  for each statement
  execute function audit_logs_guard();

create trigger audit_logs_archive_guard_pairs
  before update of ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, old_value_encrypted,
    old_value_key_id, new_value_encrypted, new_value_key_id
  on audit_logs_archive
  for each statement
  execute function audit_logs_guard('pairs');

create trigger audit_logs_archive_guard_truncate
  before truncate on audit_logs_archive
  for each statement
  execute function audit_logs_guard();

alter table audit_logs_archive
  enable always trigger audit_logs_archive_guard_update,
  enable always trigger audit_logs_archive_guard_pairs,
  enable always trigger audit_logs_archive_guard_truncate;
