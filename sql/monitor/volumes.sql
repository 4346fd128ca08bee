-- summary: rows, sizes and growth of the tables against the volumes that the schema was planned for
-- description: The plan is for one year. The pace is what statistics counted as inserted and deleted, for a year; they have to be a week old.
-- example: ordersync monitor volumes
-- example: ordersync monitor volumes --check --format markdown
-- requires: table public.orders
-- param: min_window double precision ms = 604800000  age of the statistics below which no pace is told
-- param: over double precision = 1.5  pace in multiples of the plan from which it is a warning
-- column: table text label
-- column: rows_estimate bigint gauge
-- column: planned_rows bigint gauge  after one year
-- column: rows_share double precision gauge ratio wide
-- column: total_bytes bigint gauge bytes
-- column: planned_bytes bigint gauge bytes  after one year
-- column: bytes_per_row bigint gauge bytes
-- column: planned_bytes_per_row bigint gauge bytes wide
-- column: rows_per_year bigint gauge  at the present pace; empty when statistics are too young
-- column: pace double precision gauge  in multiples of the plan
-- column: observed_ms double precision gauge ms wide  age of the statistics
-- column: partitioned boolean label wide
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: volume by table
-- warn: rows_share > 1  more rows than planned for a year => ordersync archive run moves old months out; plan disk for more
-- warn: pace >= :over  it grows faster than planned => plan disk for it
with recursive planned (name, rows, bytes) as (
  values
    ('users', 100000::bigint, 50::bigint * 1024 * 1024),
    ('user_sessions', 500000, 200::bigint * 1024 * 1024),
    ('restaurants', 5000, 5::bigint * 1024 * 1024),
    ('menus', 50000, 30::bigint * 1024 * 1024),
    ('orders', 5000000, 2::bigint * 1024 * 1024 * 1024),
    ('payments', 5000000, 1536::bigint * 1024 * 1024),
    ('audit_logs', 50000000, 20::bigint * 1024 * 1024 * 1024),
    ('notification_logs', 10000000, 5::bigint * 1024 * 1024 * 1024)
),
part as (
  select c.oid, p.name, c.relkind
  from planned as p
  join pg_class as c on c.relname = p.name and c.relnamespace = (select n.oid from pg_namespace as n where n.nspname = 'public')
  union all
  select h.inhrelid, p.name, c.relkind
  from part as p
  join pg_inherits as h on h.inhparent = p.oid
  join pg_class as c on c.oid = h.inhrelid
),
sized as (
  select
    p.name,
    bool_or(p.relkind = 'p') as partitioned,
    round(sum(c.reltuples) filter (where c.reltuples >= 0 and p.relkind <> 'p'))::bigint as rows,
    sum(case
      when exists (select from pg_locks as l where l.relation = p.oid and l.mode = 'AccessExclusiveLock')
        then c.relpages * current_setting('block_size')::bigint
      else pg_total_relation_size(p.oid) end)::bigint as bytes,
    sum(s.n_tup_ins - s.n_tup_del) as grown
  from part as p
  join pg_class as c on c.oid = p.oid
  left join pg_stat_user_tables as s on s.relid = p.oid
  group by p.name
),
observed as (
  select extract(epoch from clock_timestamp() - greatest(
    d.stats_reset,
    least((select stats_reset from pg_stat_bgwriter), (select stats_reset from pg_stat_archiver), (select stats_reset from pg_stat_wal))
  ))::double precision * 1000 as ms
  from pg_stat_database as d
  where d.datname = current_database()
)
select
  'public.' || p.name as "table",
  s.rows as rows_estimate,
  p.rows as planned_rows,
  s.rows::double precision / p.rows as rows_share,
  s.bytes as total_bytes,
  p.bytes as planned_bytes,
  (s.bytes / nullif(s.rows, 0))::bigint as bytes_per_row,
  (p.bytes / p.rows)::bigint as planned_bytes_per_row,
  y.rows::bigint as rows_per_year,
  y.rows / p.rows as pace,
  o.ms as observed_ms,
  s.partitioned,
  case when s.rows is null then 'unknown' else 'ok' end as verdict,
  case when s.rows is null then 'it was never analyzed: its rows are not known' end as reason,
  case when s.rows is null then 'analyze public.' || p.name end as fix
from planned as p
join sized as s on s.name = p.name
cross join observed as o
cross join lateral (
  select case when o.ms >= $1::double precision then s.grown::double precision / o.ms * 365 * 86400000 end as rows
) as y
order by s.bytes desc, p.name
