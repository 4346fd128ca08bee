-- What a scheduled function did, for whoever called it, and a record of the runs. The functions keep their signatures, most
-- of which are the specification's and return nothing: they tell by a setting of the transaction instead, and obey two others.
--
--   ordersync.job_report     set by the function: {"counts": {"deleted": 25000}, "more": true}; "more" asks to be called again
--   ordersync.job_call_time  how long one call may go on, such as '2s'; not set: 20 seconds
--   ordersync.job_rehearsal  'on': count what would be done, and do nothing
--
-- A function of your own may do the same: see docs/jobs.md.

-- [ADDITION] Adds to the report of the transaction. Whoever may not do the work gains nothing by telling of it, so that
-- everybody may call it.
create function report_job_work(kind text, amount bigint, more boolean default false, postponed text default null)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  report jsonb := coalesce(nullif(current_setting('ordersync.job_report', true), '')::jsonb, '{"counts": {}, "more": false}');
  before constant bigint := coalesce((report #>> array['counts', kind])::bigint, 0);
begin
  if kind not in ('deleted', 'moved', 'changed', 'created', 'refreshed') then
    raise exception 'no kind of work: %', kind
      using errcode = 'invalid_parameter_value', hint = 'one of deleted, moved, changed, created, refreshed';
  end if;
  report := jsonb_set(report, array['counts', kind], to_jsonb(before + amount));
  if more then
    report := jsonb_set(report, '{more}', 'true');
  end if;
  if postponed is not null then
    report := jsonb_set(report, '{postponed}', to_jsonb(postponed));
  end if;
  perform set_config('ordersync.job_report', report::text, true);
end
$$;

create function job_is_rehearsed()
returns boolean
language sql
stable
set search_path = public, pg_temp
as $$
  select coalesce(current_setting('ordersync.job_rehearsal', true), '') = 'on'
$$;

create function job_stop_at()
returns timestamptz
language sql
volatile
set search_path = public, pg_temp
as $$
  select clock_timestamp() + coalesce(nullif(current_setting('ordersync.job_call_time', true), ''), '20s')::interval
$$;

create or replace function delete_in_batches(target regclass, condition text)
returns bigint
language plpgsql
set search_path = public, pg_temp
as $$
declare
  batch_rows constant integer := 10000;
  stop_at constant timestamptz := job_stop_at();
  batch bigint;
  deleted bigint := 0;
begin
  if job_is_rehearsed() then
    execute format('select count(*) from %s where %s', target, condition) into deleted;
    perform report_job_work('deleted', deleted);
    return deleted;
  end if;
  loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where %2$s limit %3$s for update skip locked))',
      target, condition, batch_rows);
    get diagnostics batch = row_count;
    deleted := deleted + batch;
    exit when batch < batch_rows or clock_timestamp() > stop_at;
  end loop;
  perform report_job_work('deleted', deleted, batch >= batch_rows);
  return deleted;
end
$$;

-- The archive's door to the clean-ups, which says whether one has to wait.
create or replace function try_archive_lock()
returns boolean
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if job_is_rehearsed() or pg_try_advisory_xact_lock(hashtextextended('ordersync archive', 0)) then
    return true;
  end if;
  raise notice 'an archive is at work: nothing deleted';
  perform report_job_work('deleted', 0, postponed => 'an archive is at work');
  return false;
end
$$;

create or replace function cleanup_old_notification_logs()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  cut constant timestamptz := now() - interval '1 year';
  stop_at constant timestamptz := job_stop_at();
  journaled tstzmultirange;
  batch bigint;
  deleted bigint := 0;
begin
  if not try_archive_lock() then
    return;
  end if;
  select coalesce(range_agg(tstzrange(range_start, range_end)), '{}') into journaled
  from archive_journal
  where source_table = 'notification_logs';
  if job_is_rehearsed() then
    perform report_job_work('deleted', (
      select count(*) from notification_logs where created_at < cut and not created_at <@ journaled));
    return;
  end if;
  loop
    delete from notification_logs
    where created_at < cut
      and not created_at <@ journaled
      and id = any (array(
        select id from notification_logs where created_at < cut and not created_at <@ journaled limit 10000));
    get diagnostics batch = row_count;
    deleted := deleted + batch;
    exit when batch < 10000 or clock_timestamp() > stop_at;
  end loop;
  perform report_job_work('deleted', deleted, batch >= 10000);
end
$$;

create or replace function expire_anonymous_orders()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  batch_rows constant integer := 10000;
  changed bigint;
  captured bigint;
begin
  if job_is_rehearsed() then
    perform report_job_work('changed', (
      select count(*)
      from orders
      where customer_id is null
        and anonymous_expires_at < now()
        and status not in ('COMPLETED', 'CANCELLED')));
    return;
  end if;
  with due as (
    select id, status
    from orders
    where customer_id is null
      and anonymous_expires_at < now()
      and status not in ('COMPLETED', 'CANCELLED')
    order by anonymous_expires_at
    limit batch_rows
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
  select count(*), count(*) filter (where expired.paid) into changed, captured from expired;
  perform report_job_work('changed', changed, changed >= batch_rows);
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
declare
  changed bigint;
begin
  if job_is_rehearsed() then
    perform report_job_work('changed', (select count(*) from menus where sold_count > 0));
    return;
  end if;
  -- All locks first: an attempt that lock_timeout ends has written no row versions, and two of them cannot deadlock.
  perform from menus where sold_count > 0 order by id for no key update;
  update menus
  set sold_count = 0,
      is_available = is_available or coalesce(sold_count >= daily_limit, false),
      version = version + 1
  where sold_count > 0;
  get diagnostics changed = row_count;
  -- Never "more": called again, it would forget what was sold in between.
  perform report_job_work('changed', changed);
end
$$;

create or replace function create_month_partitions_ahead(parent regclass)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
  last_month constant date := (today + interval '3 months')::date;
  created bigint;
  moved bigint;
begin
  if job_is_rehearsed() then
    perform report_job_work('created', (
      select count(*)
      from missing_months(
        parent, date_trunc('month', now(), 'UTC'), date_trunc('month', now(), 'UTC') + interval '4 months')));
    return;
  end if;
  select count(*), coalesce(sum(moved_rows), 0)
  into created, moved
  from ensure_month_partitions(parent, today, last_month);
  perform report_job_work('created', created);
  if moved > 0 then
    perform report_job_work('moved', moved);
  end if;
end
$$;

create or replace function refresh_payment_current_state()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if not job_is_rehearsed() then
    refresh materialized view concurrently payment_current_state;
  end if;
  perform report_job_work('refreshed', (select count(*) from payment_current_state));
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
  stop_at constant timestamptz := job_stop_at();
  journaled tstzmultirange := '{}';
  batch bigint;
  moved bigint := 0;
begin
  if not job_is_rehearsed() and not pg_try_advisory_xact_lock(hashtextextended('ordersync archive', 0)) then
    raise notice 'an archive is at work: nothing moved';
    perform report_job_work('moved', 0, postponed => 'an archive is at work');
    return query select moved;
    return;
  end if;
  if to_regclass('archive_journal') is not null then
    select coalesce(range_agg(tstzrange(range_start, range_end)), '{}') into journaled
    from archive_journal
    where source_table = 'audit_logs';
  end if;
  if job_is_rehearsed() then
    select count(*) into moved from audit_logs where created_at < cut and not created_at <@ journaled;
    perform report_job_work('moved', moved);
    return query select moved;
    return;
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
  perform report_job_work('moved', moved, batch >= batch_rows);
  return query select moved;
end
$$;

comment on function report_job_work(text, bigint, boolean, text) is '예약 작업이 처리한 건수를 호출자에게 보고 (현재 트랜잭션)';
comment on function job_is_rehearsed() is '미리보기 실행 여부 (건수만 집계)';
comment on function job_stop_at() is '한 번의 호출이 멈춰야 하는 시각';

-- [ADDITION] Since when a job is expected to run: what was never run is not overdue before its first time after that.
alter table scheduled_jobs add column added_at timestamptz not null default now();

-- [ADDITION] What `ordersync jobs run` did, the last few hundred runs of each job. pg_cron keeps its own record.
create table job_runs (
  id bigint generated always as identity primary key,
  job_name varchar(100) not null, -- no foreign key: a run outlives its job
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  -- RUNNING, while a session holds the job's lock; without one the process died. STOPPED: there is more, run it again.
  outcome varchar(10) not null default 'RUNNING',
  calls integer not null default 0,
  counts jsonb not null default '{}',
  sqlstate varchar(5), -- never a message, which may quote a value
  started_by jsonb not null default '{}', -- os_user, host, database_role

  constraint ck_job_runs_outcome check (outcome in ('RUNNING', 'DONE', 'STOPPED', 'FAILED', 'LOST')),
  constraint ck_job_runs_finished check ((outcome in ('RUNNING', 'LOST')) = (finished_at is null)),
  constraint ck_job_runs_counts check (jsonb_typeof(counts) = 'object')
);

create index idx_job_runs_job_name on job_runs (job_name, id desc);

comment on table job_runs is '예약 작업 실행 기록 (작업별 최근 실행만 보존)';
comment on column scheduled_jobs.added_at is '작업 등록 시각';

grant select on job_runs to application_admin_role;
