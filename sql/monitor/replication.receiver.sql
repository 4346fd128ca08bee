-- summary: this standby: what it has received and replayed
-- only: standby
-- wants: role pg_read_all_stats  whether it receives is hidden
-- param: lag double precision ms = 5000  lag from which it is a warning
-- param: critical_lag double precision ms = 60000  lag from which it is critical
-- column: receiving boolean label
-- column: lag_ms double precision gauge ms  0 when all that was received is replayed
-- column: lag_bytes bigint gauge bytes  received, not replayed
-- column: replay text label  paused or not
-- column: last_replayed timestamp with time zone label wide  time of the last transaction replayed
-- metrics: standby
-- crit: receiving = false  it receives nothing: from here on it knows no newer state => is the primary up, and does primary_conninfo lead to it
-- warn: lag_ms >= :lag  it replays late => a long query here, or a slow disk
-- crit: lag_ms >= :critical_lag  it replays very late => a long query here, or a slow disk
-- warn: replay = paused  replay is paused => select pg_wal_replay_resume()
select
  exists (select from pg_stat_wal_receiver) as receiving,
  case
    when w.received <= w.replayed then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::double precision * 1000
  end as lag_ms,
  -- A receiver that has just begun has received less than was replayed from the files of before.
  greatest(pg_wal_lsn_diff(w.received, w.replayed), 0)::bigint as lag_bytes,
  pg_get_wal_replay_pause_state() as replay,
  pg_last_xact_replay_timestamp() as last_replayed
from (select pg_last_wal_receive_lsn() as received, pg_last_wal_replay_lsn() as replayed) as w
