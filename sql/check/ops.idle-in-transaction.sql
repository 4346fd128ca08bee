-- title: no session rests in an open transaction
-- box: on-call
-- profiles: oncall
-- expected: no client is idle in transaction for more than a minute
-- why: it holds its locks and does nothing with them
-- fix: sql
-- requires: role pg_read_all_stats
with idle as (
  select pid, usename, application_name, extract(epoch from clock_timestamp() - state_change)::integer as seconds
    from pg_stat_activity
   where state in ('idle in transaction', 'idle in transaction (aborted)') and pid <> pg_backend_pid()
)
select case when seconds > 600 then 'critical' else 'warning' end as severity,
       format('process %s of %s (%s) is idle in transaction for %s s', pid, usename, application_name, seconds) as evidence,
       format('select pg_terminate_backend(%s)', pid) as fix
  from idle where seconds > 60
union all
select 'ok', format('%s sessions are, none for more than a minute', (select count(*) from idle)), null
 where not exists (select from idle where seconds > 60)
 order by evidence
