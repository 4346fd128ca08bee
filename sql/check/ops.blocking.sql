-- title: nobody waits long for somebody else's lock
-- box: on-call
-- profiles: oncall
-- expected: no session waits for a lock for more than 10 s
-- why: one forgotten transaction can stop a whole application
-- fix: sql
-- requires: role pg_read_all_stats
with waiting as (
  select activity.pid, activity.usename, root.pid as root,
         extract(epoch from clock_timestamp() - coalesce(lock.waitstart, activity.query_start))::integer as seconds
    from pg_stat_activity activity
    join pg_locks lock on lock.pid = activity.pid and not lock.granted
   cross join lateral (select min(blocker) from unnest(pg_blocking_pids(activity.pid)) blocker) root (pid)
   where activity.wait_event_type = 'Lock'
)
select case when seconds > 60 then 'critical' when seconds > 10 then 'warning' else 'ok' end as severity,
       format('process %s of %s waits for process %s for %s s', pid, usename, root, seconds) as evidence,
       case when seconds > 10 then format('select pg_terminate_backend(%s)', root) end as fix
  from waiting
union all
select 'ok', 'nobody waits', null where not exists (select from waiting)
 order by evidence
