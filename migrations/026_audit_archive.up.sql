-- 오래된 감사 로그 아카이빙 (6개월 이상): the in-database way, for small volumes. Whole months leave better by partition.
--
-- One owner of retention: it takes the archive's advisory lock, so that it never runs beside an export, and leaves alone
-- every month that the archive's journal knows (archive_journal, which comes with the archive), because what is exported
-- must not change. Moves ten thousand rows at a time, for about twenty seconds; run it again for the rest. Returns how
-- many rows it moved, 0 when an archive is at work.
--
-- Runs as the owner and is the only DELETE that audit_logs_guard() admits: it names its transaction while it deletes.
create function archive_old_audit_logs()
returns table (archived_count bigint)
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
  batch_rows constant integer := 10000;
  cut constant timestamptz := now() - interval '6 months';
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  journaled tstzmultirange := '{}';
  batch bigint;
  moved bigint := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('ordersync archive', 0)) then
    raise notice 'an archive is at work: nothing moved';
    return query select moved;
    return;
  end if;
  if to_regclass('archive_journal') is not null then
    select coalesce(range_agg(tstzrange(range_start, range_end)), '{}') into journaled
    from archive_journal
    where source_table = 'audit_logs';
  end if;

  perform set_config('ordersync.archiving_transaction', pg_current_xact_id()::text, true);
  loop
    -- Columns by name: "select *" would break with the first column added to one of the two tables.
    with archived as (
      delete from audit_logs
      where created_at < cut
        and id = any (array(
          select audit_logs.id
          from audit_logs
          where audit_logs.created_at < cut and not audit_logs.created_at <@ journaled
          order by audit_logs.created_at
          limit batch_rows))
        and not created_at <@ journaled
      returning
        id, trace_id, action, resource_type, resource_id, user_id, ip_address_encrypted, ip_key_id, ip_hash,
        user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
        changes, success, error_message, duration_ms, created_at
    )
    insert into audit_logs_archive (
      id, trace_id, action, resource_type, resource_id, user_id, ip_address_encrypted, ip_key_id, ip_hash,
      user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
      changes, success, error_message, duration_ms, created_at
    )
    select
      id, trace_id, action, resource_type, resource_id, user_id, ip_address_encrypted, ip_key_id, ip_hash,
      user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
      changes, success, error_message, duration_ms, created_at
    from archived;
    get diagnostics batch = row_count;
    moved := moved + batch;
    exit when batch < batch_rows or clock_timestamp() > stop_at;
  end loop;
  -- The door closes with the function, not with the transaction.
  perform set_config('ordersync.archiving_transaction', '', true);
  return query select moved;
end
$$;

comment on function archive_old_audit_logs() is '6개월 이상 된 감사 로그를 audit_logs_archive로 이동';
revoke execute on function archive_old_audit_logs() from public;
