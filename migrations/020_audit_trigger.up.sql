-- 중요 테이블 변경 시 자동 감사 로그 생성: users and payments.
--
-- The application tells the trigger about the request, per transaction (set local), never per session behind a pooler:
--   app.current_user_id            who acts; unset for system work
--   app.trace_id                   32 lower-case hex digits; made up here when it is missing
--   app.ip_address_encrypted, app.ip_key_id, app.ip_hash
--   app.user_agent_encrypted, app.ua_key_id
--   app.old_value_encrypted, app.old_value_key_id, app.new_value_encrypted, app.new_value_key_id
-- Ciphertexts are bound to app.trace_id: without a valid one they could never be decrypted and are left out, with a warning.

-- [ADDITION] The row's columns that are not sensitive, of those that the operation set or changed.
create function audit_changes(old_row jsonb, new_row jsonb, column_names text[])
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(
    column_name,
    case
      when old_row is null then jsonb_build_object('new', new_row -> column_name)
      when new_row is null then jsonb_build_object('old', old_row -> column_name)
      else jsonb_build_object('old', old_row -> column_name, 'new', new_row -> column_name)
    end)
  from unnest(column_names) column_name
  where old_row -> column_name is distinct from new_row -> column_name
$$;

-- Runs as the owner, so that no role needs a right on audit_logs to have its changes recorded.
create function auto_audit_log()
returns trigger
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
  -- On a partitioned table the trigger runs for the partition; the row says the table's name.
  table_name text := (
    select relname from pg_class where oid = coalesce(pg_partition_root(tg_relid), tg_relid)
  );
  readable constant text[] := case table_name
    when 'users' then array['role', 'permissions', 'status', 'last_login_at', 'password_changed_at',
                            'failed_login_count', 'locked_until', 'two_factor_enabled', 'version']
    else array['order_id', 'amount', 'fee', 'net_amount', 'payment_method', 'status',
               'authorized_at', 'captured_at', 'failed_at', 'version']
  end;
  old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  actor uuid := app_current_user_id();
  trace text := nullif(current_setting('app.trace_id', true), '');
  ip_address text := nullif(current_setting('app.ip_address_encrypted', true), '');
  ip_key text := nullif(current_setting('app.ip_key_id', true), '');
  user_agent text := nullif(current_setting('app.user_agent_encrypted', true), '');
  user_agent_key text := nullif(current_setting('app.ua_key_id', true), '');
  old_value text := nullif(current_setting('app.old_value_encrypted', true), '');
  old_value_key text := nullif(current_setting('app.old_value_key_id', true), '');
  new_value text := nullif(current_setting('app.new_value_encrypted', true), '');
  new_value_key text := nullif(current_setting('app.new_value_key_id', true), '');
  operation text;
begin
  if table_name = 'users' then
    operation := case
      when tg_op = 'INSERT' then 'CREATE_USER'
      when tg_op = 'DELETE' then 'DELETE_USER'
      -- Before everything else: nothing done in the same statement may hide a change of rights.
      when new_row -> 'role' <> old_row -> 'role' or new_row -> 'permissions' <> old_row -> 'permissions'
        then 'UPDATE_PERMISSIONS'
      -- Users with a history cannot be deleted; this is how they leave.
      when new_row ->> 'status' = 'DELETED' and old_row ->> 'status' <> 'DELETED' then 'DELETE_USER'
      else 'UPDATE_USER'
    end;
    -- Who deletes himself is no longer there to be referenced; resource_id still names him.
    if tg_op = 'DELETE' and actor = old.id then
      actor := null;
    end if;
  else
    operation := case tg_op
      when 'INSERT' then 'CREATE_PAYMENT'
      when 'DELETE' then 'DELETE_PAYMENT'
      else 'UPDATE_PAYMENT'
    end;
  end if;

  if trace is null or trace !~ '^[0-9a-f]{32}$' then
    if coalesce(ip_address, user_agent, old_value, new_value) is not null then
      raise warning 'app.trace_id is not 32 hex digits: the ciphertexts for the audit row are left out';
    end if;
    trace := replace(gen_random_uuid()::text, '-', '');
    ip_address := null;
    user_agent := null;
    old_value := null;
    new_value := null;
  end if;

  insert into audit_logs (
    trace_id, action, resource_type, resource_id, user_id,
    ip_address_encrypted, ip_key_id, ip_hash,
    user_agent_encrypted, ua_key_id,
    old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
    changes, success
  ) values (
    trace,
    operation,
    table_name,
    coalesce(new_row ->> 'id', old_row ->> 'id'),
    actor,
    case when ip_key is null then 'none' else coalesce(ip_address, 'none') end,
    case when ip_address is null then 'none' else coalesce(ip_key, 'none') end,
    nullif(current_setting('app.ip_hash', true), ''),
    case when user_agent_key is not null then user_agent end,
    case when user_agent is not null then user_agent_key end,
    case when old_value_key is not null then old_value end,
    case when old_value is not null then old_value_key end,
    case when new_value_key is not null then new_value end,
    case when new_value is not null then new_value_key end,
    audit_changes(old_row, new_row, readable),
    true
  );
  return null;
end
$$;

-- 중요 테이블에 트리거 설정. The specification has one trigger per table for all three operations; UPDATE has its own here,
-- because only a trigger for UPDATE alone can leave out re-encryption (see set_updated_at) in its WHEN clause: a key
-- rotation would otherwise write one audit row per row.
create trigger trigger_audit_users
  after insert or delete on users
  for each row
  execute function auto_audit_log();

create trigger trigger_audit_users_update
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

create trigger trigger_audit_payments
  after insert or delete on payments
  for each row
  execute function auto_audit_log();

create trigger trigger_audit_payments_update
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
