-- title: expired sessions are cleared away
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy daily
-- expected: no session that could not be renewed for more than 9 days: the job deletes after 7, every night
-- why: rows of sessions long over show that cleanup-sessions does not run
-- fix: sql
-- requires: rows public.user_sessions
select case when overdue > 0 then 'warning' else 'ok' end as severity,
       format('%s sessions are overdue', overdue) as evidence,
       case when overdue > 0 then 'select public.cleanup_expired_sessions()' end as fix
  from (select count(*) from public.user_sessions
         where greatest(expires_at, refresh_expires_at) < now() - interval '9 days') counted (overdue)
