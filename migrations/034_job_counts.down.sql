drop table job_runs;
alter table scheduled_jobs drop column added_at;

-- The functions as they were: they tell nobody what they did.

create or replace function delete_in_batches(target regclass, condition text)
returns bigint
language plpgsql
set search_path = public, pg_temp
as $$
declare
  batch_rows constant integer := 10000;
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  batch bigint;
  deleted bigint := 0;
begin
  loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where %2$s limit %3$s for update skip locked))',
      target, condition, batch_rows);
    get diagnostics batch = row_count;
    deleted := deleted + batch;
    exit when batch < batch_rows or clock_timestamp() > stop_at;
  end loop;
  return deleted;
end
$$;

create or replace function expire_anonymous_orders()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  captured bigint;
begin
  with due as (
    select id, status
    from orders
    where customer_id is null
      and anonymous_expires_at < now()
      and status not in ('COMPLETED', 'CANCELLED')
    order by anonymous_expires_at
    limit 10000
    for no key update skip locked
  ), expired as (
    update orders
    set status = 'CANCELLED', cancelled_at = now(), version = orders.version + 1
    from due
    where orders.id = due.id
    returning orders.id, due.status as old_status,
      exists (select from payments where payments.order_id = orders.id and payments.status = 'CAPTURED') as paid
  ), recorded as (
    insert into order_status_history (order_id, old_status, new_status, reason)
    select id, old_status, 'CANCELLED', case when paid then 'ANONYMOUS_EXPIRED_PAID' else 'ANONYMOUS_EXPIRED' end
    from expired
  )
  select count(*) filter (where expired.paid) into captured from expired;
  if captured > 0 then
    raise warning '% expired anonymous orders have a captured payment', captured
      using hint = 'refund them: order_status_history.reason = ''ANONYMOUS_EXPIRED_PAID''';
  end if;
end
$$;

create or replace function reset_daily_menu_sales()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  update menus
  set sold_count = 0,
      is_available = is_available or coalesce(sold_count >= daily_limit, false),
      version = version + 1
  where sold_count > 0;
end
$$;

create or replace function create_month_partitions_ahead(parent regclass)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
begin
  perform ensure_month_partitions(parent, today, (today + interval '3 months')::date);
end
$$;

create or replace function refresh_payment_current_state()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  refresh materialized view concurrently payment_current_state;
end
$$;

create or replace function archive_old_audit_logs()
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

create or replace function cleanup_old_notification_logs()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  cut constant timestamptz := now() - interval '1 year';
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  journaled tstzmultirange;
  batch bigint;
begin
  if not try_archive_lock() then
    return;
  end if;
  select coalesce(range_agg(tstzrange(range_start, range_end)), '{}') into journaled
  from archive_journal
  where source_table = 'notification_logs';
  loop
    delete from notification_logs
    where created_at < cut
      and not created_at <@ journaled
      and id = any (array(
        select id from notification_logs where created_at < cut and not created_at <@ journaled limit 10000));
    get diagnostics batch = row_count;
    exit when batch < 10000 or clock_timestamp() > stop_at;
  end loop;
end
$$;

create or replace function try_archive_lock()
returns boolean
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if pg_try_advisory_xact_lock(hashtextextended('ordersync archive', 0)) then
    return true;
  end if;
  raise notice 'an archive is at work: nothing deleted';
  return false;
end
$$;

drop function job_stop_at();
drop function job_is_rehearsed();
drop function report_job_work(text, bigint, boolean, text);
