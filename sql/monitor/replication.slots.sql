-- summary: replication slots and the WAL that each keeps
-- empty: there are no replication slots
-- param: retained bigint bytes = 1073741824  WAL kept by an inactive slot from which it is critical
-- column: slot text label
-- column: type text label
-- column: active boolean label
-- column: retained_bytes bigint gauge bytes  WAL that cannot be removed because of it
-- column: wal_status text label
-- column: safe_bytes bigint gauge bytes wide  WAL that may still be written before it is lost
-- column: inactive_since timestamp with time zone label wide  from PostgreSQL 17 on
-- column: invalidation text label wide  why it is of no use any more, from PostgreSQL 17 on
-- metrics: replication_slot by slot, type
-- crit: wal_status = lost  WAL that it needs is gone => drop it and set its consumer up anew
-- crit: wal_status = unreserved  WAL that it needs may go at the next checkpoint => let its consumer catch up now
-- warn: wal_status = extended  it keeps more WAL than max_wal_size => let its consumer catch up
-- crit: active = false and retained_bytes >= :retained  nobody reads it, and the disk fills => drop it, or start its consumer; max_slot_wal_keep_size bounds it
-- warn: active = false  nobody reads it, and WAL is kept for it => drop it if it is not needed: select pg_drop_replication_slot('…')
select
  s.slot_name::text as slot,
  s.slot_type as type,
  s.active,
  pg_wal_lsn_diff(
    case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
    s.restart_lsn)::bigint as retained_bytes,
  s.wal_status,
  s.safe_wal_size as safe_bytes,
  s.inactive_since,
  s.invalidation_reason as invalidation
from (select null::timestamptz as inactive_since, null::text as invalidation_reason) as absent
cross join lateral (
  select slot_name, slot_type, active, restart_lsn, wal_status, safe_wal_size, inactive_since, invalidation_reason
  from pg_replication_slots
) as s
order by retained_bytes desc nulls last, slot
