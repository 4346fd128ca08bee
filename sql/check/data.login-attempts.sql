-- title: old log-in attempts are cleared away
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy daily
-- expected: no attempt older than 32 days: the job deletes after 30, every night
-- why: rows older than that show that cleanup-login-attempts does not run
-- fix: sql
-- requires: rows public.login_attempts
select case when overdue > 0 then 'warning' else 'ok' end as severity,
       format('%s attempts are overdue', overdue) as evidence,
       case when overdue > 0 then 'select public.cleanup_old_login_attempts()' end as fix
  from (select count(*) from public.login_attempts where created_at < now() - interval '32 days') counted (overdue)
