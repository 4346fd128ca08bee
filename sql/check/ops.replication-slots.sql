-- title: no replication slot keeps the log from being removed
-- box: on-call
-- profiles: oncall daily
-- expected: every slot is in use, and none keeps more than 10 GB
-- why: the log of a slot nobody reads fills the disk, and then the server stops
-- fix: sql
-- requires: role pg_read_all_stats
with slots as (
  select slot_name, active, wal_status,
         pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn) as kept
    from pg_replication_slots
)
select case when wal_status in ('unreserved', 'lost') or kept > 10737418240 then 'critical' else 'warning' end as severity,
       format('slot %s: %s, keeps %s', slot_name, case when active then 'in use' else 'nobody reads it' end, pg_size_pretty(coalesce(kept, 0))) as evidence,
       format('select pg_drop_replication_slot(%L)', slot_name) as fix
  from slots where not active or wal_status in ('unreserved', 'lost') or kept > 10737418240
union all
select 'ok', format('%s slots, all in use', (select count(*) from slots)), null
 where not exists (select from slots where not active or wal_status in ('unreserved', 'lost') or kept > 10737418240)
 order by evidence
