-- title: no prepared transaction was forgotten
-- box: on-call
-- profiles: oncall daily
-- expected: no prepared transaction is older than 5 minutes
-- why: it keeps its locks over a restart, and VACUUM from cleaning up
-- fix: sql
select case when prepared < now() - interval '1 hour' then 'critical' else 'warning' end as severity,
       format('%s of %s in %s since %s', gid, owner, database, to_char(prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI')) as evidence,
       format('rollback prepared %L', gid) as fix
  from pg_prepared_xacts where prepared < now() - interval '5 minutes'
union all
select 'ok', format('%s are prepared', (select count(*) from pg_prepared_xacts)), null
 where not exists (select from pg_prepared_xacts where prepared < now() - interval '5 minutes')
 order by evidence
