-- title: the write-ahead log is archived, so that there is a backup to any moment
-- box: 데이터 보존: 백업 정책 수립
-- profiles: pre-deploy oncall daily
-- expected: archive_mode is on, the last segment went through, and not longer ago than archive_timeout and an hour
-- why: without it a lost disk takes everything since the last dump with it; backups by other means cannot be seen from here
-- fix: doc
-- requires: role pg_read_all_settings
with facts as (
  select current_setting('archive_mode') as mode, archived_count, last_archived_time, failed_count, last_failed_time
    from pg_stat_archiver
)
select case when mode = 'off' then 'unknown'
         when last_failed_time > coalesce(last_archived_time, '-infinity') then 'critical'
         when last_archived_time is null then 'unknown'
         else 'ok' end as severity,
       case when mode = 'off' then 'archive_mode is off; whether there are backups by other means cannot be seen here'
         when last_failed_time > coalesce(last_archived_time, '-infinity')
           then format('archiving fails: %s failures, the last one %s', failed_count, to_char(last_failed_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'))
         when last_archived_time is null then 'no segment was archived yet'
         else format('%s segments archived, the last one %s', archived_count, to_char(last_archived_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI')) end as evidence,
       case when mode = 'off'
           then 'set archive_mode = on and archive_command, or confirm your backups with a waiver for data.backup in ordersync.config.json: docs/check.md'
         when last_failed_time > coalesce(last_archived_time, '-infinity') then 'repair archive_command: the server''s log says why it fails'
         when last_archived_time is null then 'sql: select pg_switch_wal()' end as fix
  from facts
