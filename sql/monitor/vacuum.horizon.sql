-- summary: who holds vacuum back: the oldest snapshots
-- empty: nothing holds vacuum back
-- wants: role pg_read_all_stats  ages of transactions of other roles are hidden
-- param: held_back bigint = 1000000  transactions that somebody holds vacuum back by from which it is a warning
-- column: holder text label
-- column: kind text label
-- column: xmin_age bigint gauge  transactions whose dead rows have to stay
-- column: age_ms double precision gauge ms
-- warn: xmin_age >= :held_back  dead rows of this many transactions cannot be removed => end it: see monitor activity and monitor replication
select h.holder, h.kind, h.xmin_age, h.age_ms
from (
  select
    'process ' || a.pid as holder, 'session' as kind, age(a.backend_xmin)::bigint as xmin_age,
    extract(epoch from clock_timestamp() - a.xact_start)::double precision * 1000 as age_ms
  from pg_stat_activity as a
  where a.backend_xmin is not null and a.pid <> pg_backend_pid()
    -- The snapshot is shown to everybody; of other roles' sessions the kind is not, and background processes have no database.
    and (a.backend_type = 'client backend' or a.backend_type is null and a.datid is not null)
  union all
  select 'slot ' || s.slot_name, 'slot', greatest(age(s.xmin), age(s.catalog_xmin))::bigint, null
  from pg_replication_slots as s
  where s.xmin is not null or s.catalog_xmin is not null
  union all
  select
    'prepared ' || p.gid, 'prepared transaction', age(p.transaction)::bigint,
    extract(epoch from clock_timestamp() - p.prepared)::double precision * 1000
  from pg_prepared_xacts as p
  union all
  select
    'standby ' || coalesce(nullif(r.application_name, ''), r.pid::text), 'standby feedback', age(r.backend_xmin)::bigint, null
  from pg_stat_replication as r
  where r.backend_xmin is not null
) as h
order by h.xmin_age desc, h.holder
limit 10
