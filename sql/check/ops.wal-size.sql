-- title: the write-ahead log is as large as it is meant to be
-- box: on-call
-- profiles: oncall daily
-- expected: pg_wal is smaller than twice max_wal_size, and what wal_keep_size keeps; how full its disk is cannot be seen by SQL
-- why: when its disk is full the server stops; something keeps what checkpoints would have removed
-- fix: sql
-- requires: function pg_catalog.pg_ls_waldir()
-- requires: role pg_read_all_stats
with facts as (
  select (select count(*) from pg_ls_waldir()) as files,
         (select coalesce(sum(size), 0)::bigint from pg_ls_waldir()) as bytes,
         -- So much is kept for the next round in any case.
         greatest(pg_size_bytes(current_setting('max_wal_size')), pg_size_bytes(current_setting('min_wal_size'))) as meant,
         pg_size_bytes(current_setting('wal_keep_size')) as kept,
         (select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver) as archiver_fails
),
slots as (
  select slot_name, active
    from pg_replication_slots, facts
   where pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn) > facts.meant
   order by restart_lsn
   limit 1
)
select case when bytes < 2 * meant + kept then 'ok' when bytes < 10 * meant + kept then 'warning' else 'critical' end as severity,
       format('%s files with %s; max_wal_size is %s%s%s', files, pg_size_pretty(bytes), current_setting('max_wal_size'),
              (select format('; the slot %s keeps them', slot_name) from slots),
              case when archiver_fails then '; they are not archived' end) as evidence,
       case when bytes < 2 * meant + kept then null
         when archiver_fails then 'doc: repair archive_command: the server''s log says why it fails; then: checkpoint'
         when exists (select from slots where active)
           then (select format('doc: the reader of the slot %s is far behind: ordersync monitor replication', slot_name) from slots)
         when exists (select from slots)
           then (select format('select pg_drop_replication_slot(%L); checkpoint', slot_name) from slots)
         else 'checkpoint' end as fix
  from facts
