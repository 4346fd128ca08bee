-- summary: tables by size with their partitions summed: heap, toast, indexes, dead rows
-- description: A partitioned table is one line; --partitions shows each of them. Rows are the planner's estimate, empty where a table was
-- description: never analyzed. A table that somebody holds in ACCESS EXCLUSIVE is not waited for: its size is the estimate of its last ANALYZE.
-- example: ordersync monitor table-sizes
-- example: ordersync monitor table-sizes --partitions --limit 100
-- empty: there are no tables
-- param: partitions boolean  one line for each partition
-- param: schema text  tables of one schema only
-- param: limit bigint = 50  how many tables
-- column: table text label
-- column: total_bytes bigint gauge bytes
-- column: table_bytes bigint gauge bytes  without toast and indexes
-- column: toast_bytes bigint gauge bytes wide
-- column: index_bytes bigint gauge bytes
-- column: rows_estimate bigint gauge
-- column: dead_ratio double precision gauge ratio  dead rows of all rows, as counted by the statistics
-- column: partitions bigint gauge wide
-- column: last_vacuum timestamp with time zone label wide  of any of its partitions, by hand or by autovacuum
-- column: last_analyze timestamp with time zone label wide
-- column: estimated boolean label  a lock kept the size of some part from being read
-- metrics: table by table
with recursive
-- A lock that is only waited for stands in the way too: later requests queue behind it.
locked as (
  select l.relation as oid
  from pg_locks as l
  where l.locktype = 'relation'
    and l.mode = 'AccessExclusiveLock'
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and l.pid is distinct from pg_backend_pid()
),
part as (
  select c.oid, c.oid as root
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm')
    and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname !~ '^pg_(toast|temp)'
    and ($2::text is null or n.nspname = $2)
  union all
  select i.inhrelid, p.root from part as p join pg_inherits as i on i.inhparent = p.oid
),
indexes as (
  select i.indrelid, sum(x.relpages)::bigint as pages, bool_or(i.indexrelid in (select oid from locked)) as locked
  from pg_index as i
  join pg_class as x on x.oid = i.indexrelid
  group by i.indrelid
),
sized as (
  select
    case when $1::boolean and c.relkind <> 'p' then p.oid else p.root end as shown,
    c.relkind,
    c.reltuples,
    s.n_dead_tup, s.n_live_tup,
    greatest(s.last_vacuum, s.last_autovacuum) as last_vacuum,
    greatest(s.last_analyze, s.last_autoanalyze) as last_analyze,
    b.locked,
    case when b.locked then c.relpages * b.block else pg_relation_size(c.oid) + pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm') end as heap,
    case when b.locked then coalesce(t.relpages, 0) * b.block else coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) end as toast,
    case when b.locked then coalesce(i.pages, 0) * b.block else pg_indexes_size(c.oid) end as index
  from part as p
  join pg_class as c on c.oid = p.oid
  left join pg_class as t on t.oid = c.reltoastrelid
  left join indexes as i on i.indrelid = c.oid
  left join pg_stat_all_tables as s on s.relid = c.oid
  cross join lateral (
    select
      c.oid in (select oid from locked) or coalesce(i.locked, false) as locked,
      current_setting('block_size')::bigint as block
  ) as b
)
select
  format('%I.%I', n.nspname, c.relname) as "table",
  sum(s.heap + s.toast + s.index)::bigint as total_bytes,
  sum(s.heap)::bigint as table_bytes,
  sum(s.toast)::bigint as toast_bytes,
  sum(s.index)::bigint as index_bytes,
  round(sum(s.reltuples) filter (where s.reltuples >= 0 and s.relkind <> 'p'))::bigint as rows_estimate,
  sum(s.n_dead_tup)::double precision / nullif(sum(s.n_live_tup + s.n_dead_tup), 0) as dead_ratio,
  count(*) filter (where c.relkind = 'p' and s.relkind <> 'p') as partitions,
  max(s.last_vacuum) as last_vacuum,
  max(s.last_analyze) as last_analyze,
  bool_or(s.locked) as estimated
from sized as s
join pg_class as c on c.oid = s.shown
join pg_namespace as n on n.oid = c.relnamespace
where not ($1::boolean and c.relkind = 'p')
group by n.nspname, c.relname, c.relkind
order by total_bytes desc, "table"
limit $3::bigint
