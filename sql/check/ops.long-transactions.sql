-- title: no transaction is open for long
-- box: on-call
-- profiles: oncall daily
-- expected: no transaction of a client is open for more than 15 minutes
-- why: VACUUM can remove nothing that such a transaction might still see: tables and indexes grow
-- fix: sql
-- requires: role pg_read_all_stats
with open as (
  select pid, usename, application_name, extract(epoch from clock_timestamp() - xact_start)::integer as seconds
    from pg_stat_activity
   where xact_start is not null and backend_type = 'client backend' and pid <> pg_backend_pid()
)
select case when seconds > 3600 then 'critical' when seconds > 900 then 'warning' else 'ok' end as severity,
       format('process %s of %s (%s) is in a transaction for %s s', pid, usename, application_name, seconds) as evidence,
       case when seconds > 900 then format('select pg_terminate_backend(%s)', pid) end as fix
  from open where seconds > 900
union all
select 'ok', format('the longest of %s is open for %s s', (select count(*) from open), coalesce((select max(seconds) from open), 0)), null
 where not exists (select from open where seconds > 900)
 order by evidence
