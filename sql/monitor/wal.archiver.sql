-- summary: archiving of WAL
-- param: archive_gap double precision ms = 3600000  time since the last archived file from which it is a warning
-- column: mode text label
-- column: archived bigint counter
-- column: failed bigint counter
-- column: last_archived timestamp with time zone label
-- column: last_failed timestamp with time zone label
-- column: archived_ms double precision gauge ms  time since the last archived file
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: wal_archiver
select
  m.mode,
  a.archived_count as archived,
  a.failed_count as failed,
  a.last_archived_time as last_archived,
  a.last_failed_time as last_failed,
  extract(epoch from clock_timestamp() - a.last_archived_time)::double precision * 1000 as archived_ms,
  case
    when m.mode = 'off' then 'unknown'
    when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then 'critical'
    when a.last_archived_time is null or clock_timestamp() - a.last_archived_time > make_interval(secs => $1::double precision / 1000)
      then 'warning'
    else 'ok'
  end as verdict,
  case
    when m.mode = 'off' then 'archive_mode is off: whether the WAL is kept elsewhere cannot be seen from here'
    when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then 'the last attempt failed: WAL piles up'
    when a.last_archived_time is null then 'nothing has been archived yet'
    when clock_timestamp() - a.last_archived_time > make_interval(secs => $1::double precision / 1000) then 'nothing has been archived for long'
  end as reason,
  case
    when m.mode = 'off' then 'archive_mode = on and an archive_command, unless a base backup and pg_receivewal do it'
    when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') or a.last_archived_time is null
      then 'see the server''s log for the output of archive_command'
    when clock_timestamp() - a.last_archived_time > make_interval(secs => $1::double precision / 1000)
      then 'archive_timeout bounds the time on a quiet server'
  end as fix
from pg_stat_archiver as a
cross join (select current_setting('archive_mode') as mode) as m
