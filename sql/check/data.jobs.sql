-- title: the scheduled jobs run
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy oncall daily
-- expected: every job of scheduled_jobs is registered, active, and runs when it says; how runs ended is what ops.failed-jobs says
-- why: without them there is no new month, and nothing old is ever deleted
-- fix: command
-- requires: table public.scheduled_jobs
select 'unknown' as severity,
       'pg_cron is not in this database, or its jobs cannot be seen: another scheduler has to run the jobs, and leaves no trace here' as evidence,
       'ordersync jobs install' as fix
