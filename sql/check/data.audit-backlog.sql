-- title: old audit rows have left for the archive
-- box: 데이터 보존: 아카이빙 정책 수립
-- profiles: pre-deploy daily
-- expected: no audit row older than 7 months in audit_logs: they leave after 6, on the first of the month
-- why: rows that stay show that nobody archives
-- fix: sql
-- requires: rows public.audit_logs
select case when overdue.oldest is null then 'ok' else 'warning' end as severity,
       case when overdue.oldest is null then 'none is older'
         else format('audit_logs begins at %s', to_char(overdue.oldest at time zone 'UTC', 'YYYY-MM-DD')) end as evidence,
       case when overdue.oldest is not null then 'select * from public.archive_old_audit_logs()' end as fix
  from (select min(created_at) from public.audit_logs where created_at < now() - interval '7 months') overdue (oldest)
