-- summary: standbys and how far behind they are, slots and the WAL they keep, this server's own source
-- title: standbys
-- description: Lag is what the primary measures; a standby that has caught up with an idle primary has none, however long ago the last transaction was.
-- example: ordersync monitor replication
-- example: ordersync monitor replication --lag 10s --lag-bytes 100MB --check
-- empty: no standby is connected
-- wants: role pg_read_all_stats  positions and lag of standbys are hidden
-- param: lag double precision ms = 5000  lag from which it is a warning
-- param: critical_lag double precision ms = 60000  lag from which it is critical
-- param: lag_bytes bigint bytes = 67108864  WAL not yet replayed from which it is a warning
-- column: standby text label
-- column: client text label wide
-- column: state text label
-- column: sync text label
-- column: lag_ms double precision gauge ms  until replayed; empty when idle and caught up
-- column: lag_bytes bigint gauge bytes  sent and not sent, not replayed
-- column: reply_age_ms double precision gauge ms wide  since its last message
-- column: verdict text label
-- metrics: replication by standby, client
-- warn: lag_ms >= :lag  it replays late => a long query or a slow disk on the standby; ordersync monitor activity there
-- crit: lag_ms >= :critical_lag  it replays very late => a long query or a slow disk on the standby; ordersync monitor activity there
-- warn: lag_bytes >= :lag_bytes  much WAL is not replayed yet => the network, or the standby's disk
-- warn: state = backup  a base backup is being taken
-- warn: state = catchup  it is catching up
-- warn: state = startup  it has not begun to stream
select
  coalesce(nullif(r.application_name, ''), r.pid::text) as standby,
  case when r.state is not null then coalesce(host(r.client_addr), 'local') end as client,
  r.state,
  r.sync_state as sync,
  extract(epoch from r.replay_lag)::double precision * 1000 as lag_ms,
  pg_wal_lsn_diff(
    case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
    r.replay_lsn)::bigint as lag_bytes,
  extract(epoch from clock_timestamp() - r.reply_time)::double precision * 1000 as reply_age_ms,
  case when r.state is null then 'unknown' else 'ok' end as verdict
from pg_stat_replication as r
order by standby
