-- title: past rate-limit windows are cleared away
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy daily
-- expected: no window that ended more than 3 days ago: the job deletes every hour
-- why: windows older than that show that cleanup-rate-limits does not run
-- fix: sql
-- requires: rows public.api_rate_limits
select case when overdue > 0 then 'warning' else 'ok' end as severity,
       format('%s windows are overdue', overdue) as evidence,
       case when overdue > 0 then 'select public.cleanup_expired_rate_limits()' end as fix
  from (select count(*) from public.api_rate_limits where window_end < now() - interval '3 days') counted (overdue)
