-- The jobs, as data: with pg_cron they are registered there, without it any scheduler calls "ordersync jobs run <name>".

-- [ADDITION]
create table scheduled_jobs (
  name varchar(100) primary key,
  schedule varchar(100) not null, -- cron expression in time_zone
  time_zone varchar(50) not null default 'Asia/Seoul', -- "자정" is midnight in Seoul
  -- The same moment for a pg_cron that counts in GMT, which all do before 1.5 and by default after. Seoul has no
  -- daylight saving time; where the day of the month would change too, the job runs a day later instead.
  utc_schedule varchar(100) not null,
  command text not null,
  description text not null
);

comment on table scheduled_jobs is '예약 작업 목록 (pg_cron 또는 외부 스케줄러)';

insert into scheduled_jobs (name, schedule, utc_schedule, command, description) values
  ('cleanup-sessions', '0 2 * * *', '0 17 * * *',
   'SELECT cleanup_expired_sessions()', '만료된 세션 자동 삭제'),
  ('expire-anonymous-orders', '*/30 * * * *', '*/30 * * * *',
   'SELECT expire_anonymous_orders()', '익명 주문 자동 만료'),
  ('archive-audit-logs', '0 3 1 * *', '0 18 1 * *',
   'SELECT archive_old_audit_logs()', '오래된 감사 로그 아카이빙 (6개월 이상, 매월 1일 새벽 3시)'),
  ('reset-menu-sales', '0 0 * * *', '0 15 * * *',
   'SELECT reset_daily_menu_sales()', '메뉴 일일 판매량 초기화 (매일 자정)'),
  ('cleanup-login-attempts', '0 4 * * *', '0 19 * * *',
   'SELECT cleanup_old_login_attempts()', '30일 이상 된 로그인 시도 기록 삭제'),
  -- Daily, not monthly: with nothing to do it does nothing, and one missed run is not felt.
  ('create-audit-partition', '0 0 * * *', '0 15 * * *',
   'SELECT create_audit_log_partition()', '감사 로그 파티션 생성 (이번 달과 이후 3개월)'),
  -- [ADDITION]
  ('create-order-partition', '5 0 * * *', '5 15 * * *',
   'SELECT create_month_partitions_ahead(''orders'')', '주문 파티션 생성 (이번 달과 이후 3개월)'),
  ('create-payment-partition', '10 0 * * *', '10 15 * * *',
   'SELECT create_month_partitions_ahead(''payments'')', '결제 파티션 생성 (이번 달과 이후 3개월)'),
  ('create-notification-partition', '15 0 * * *', '15 15 * * *',
   'SELECT create_month_partitions_ahead(''notification_logs'')', '알림 로그 파티션 생성 (이번 달과 이후 3개월)'),
  ('refresh-payment-state', '*/10 * * * *', '*/10 * * * *',
   'SELECT refresh_payment_current_state()', '결제 상태 Materialized View 갱신'),
  ('cleanup-notification-logs', '20 4 * * *', '20 19 * * *',
   'SELECT cleanup_old_notification_logs()', '1년 이상 된 알림 발송 로그 삭제'),
  ('cleanup-payment-events', '30 4 * * *', '30 19 * * *',
   'SELECT cleanup_old_payment_events()', '5년 이상 된 결제 이벤트 삭제'),
  ('cleanup-order-history', '40 4 * * *', '40 19 * * *',
   'SELECT cleanup_old_order_history()', '5년 이상 된 주문 상태 이력 삭제'),
  ('cleanup-security-metrics', '50 4 * * *', '50 19 * * *',
   'SELECT cleanup_old_security_metrics()', '1년 이상 된 보안 메트릭 삭제'),
  ('cleanup-rate-limits', '10 * * * *', '10 * * * *',
   'SELECT cleanup_expired_rate_limits()', '지난 Rate Limiting 구간 삭제');

-- [ADDITION] Registers the jobs with pg_cron where it is in this database and may be used, replacing jobs of the same names.
-- Returns how many; 0, and a notice why, where another scheduler has to run them.
create function install_scheduled_jobs()
returns integer
language plpgsql
set search_path = public, pg_temp
as $$
declare
  cron_zone text := 'GMT';
  foreign_job text;
  job record;
  installed integer := 0;
begin
  if to_regnamespace('cron') is null or not has_schema_privilege('cron', 'usage')
     or to_regprocedure('cron.schedule(text, text, text)') is null then
    raise notice 'pg_cron is not usable here: the jobs are in scheduled_jobs'
      using hint = 'let another scheduler call "ordersync jobs run <name>"; or: create extension pg_cron, grant usage on '
        'schema cron, and select install_scheduled_jobs()';
    return 0;
  end if;
  begin
    cron_zone := coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT');
  exception
    -- The setting is for superusers' eyes; GMT is its default.
    when insufficient_privilege then
      raise notice 'cron.timezone cannot be read by %: taken to be GMT', current_user;
  end;
  for job in select name, schedule, time_zone, utc_schedule, command from scheduled_jobs order by name loop
    if job.time_zone <> cron_zone and cron_zone not in ('GMT', 'UTC', 'Etc/UTC') and job.schedule <> job.utc_schedule then
      foreign_job := concat_ws(', ', foreign_job, job.name);
      continue;
    end if;
    execute 'select cron.schedule($1, $2, $3)'
    using job.name::text, case when job.time_zone = cron_zone then job.schedule else job.utc_schedule end::text, job.command;
    installed := installed + 1;
  end loop;
  if foreign_job is not null then
    raise warning 'cron.timezone is %: not registered: %', cron_zone, foreign_job
      using hint = 'set cron.timezone to GMT or to the time zone in scheduled_jobs';
  end if;
  return installed;
end
$$;

-- [ADDITION] Takes the current user's jobs of these names out of pg_cron. Returns how many.
create function uninstall_scheduled_jobs()
returns integer
language plpgsql
set search_path = public, pg_temp
as $$
declare
  job_id bigint;
  removed integer := 0;
begin
  if to_regnamespace('cron') is null or not has_schema_privilege('cron', 'usage') or to_regclass('cron.job') is null then
    return 0;
  end if;
  for job_id in
    execute 'select job.jobid from cron.job join scheduled_jobs on scheduled_jobs.name = job.jobname
             where job.database = current_database() and job.username = current_user'
  loop
    execute 'select cron.unschedule($1::bigint)' using job_id;
    removed := removed + 1;
  end loop;
  return removed;
end
$$;

revoke execute on function install_scheduled_jobs(), uninstall_scheduled_jobs() from public;
grant select on scheduled_jobs to application_admin_role;

select install_scheduled_jobs();
