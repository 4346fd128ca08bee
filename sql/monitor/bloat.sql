-- summary: tables that are larger than their rows need, estimated from the planner's statistics
-- description: An estimate, without reading the tables: rows and their average width against the pages that they take. A table whose statistics
-- description: this role may not see, or that was never analyzed, is unknown, not free of bloat.
-- example: ordersync monitor bloat
-- example: ordersync monitor bloat --min-size 100MB --limit 50
-- empty: no table has this size
-- param: min_size bigint bytes = 10485760  smaller tables are left out
-- param: limit bigint = 20  how many tables
-- param: share double precision ratio = 0.5  share of a table that is bloat from which it is a warning
-- column: table text label
-- column: size_bytes bigint gauge bytes
-- column: needed_bytes bigint gauge bytes
-- column: bloat_bytes bigint gauge bytes
-- column: bloat_ratio double precision gauge ratio
-- column: rows_estimate bigint gauge wide
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: bloat by table
-- warn: bloat_ratio >= :share  more than needed of it is dead space => pg_repack or VACUUM FULL gives it back (the latter locks the table); find out first why vacuum was late: ordersync monitor vacuum
with tables as (
  select
    c.oid, n.nspname, c.relname, c.reltuples, c.relpages::bigint as pages,
    current_setting('block_size')::bigint as block,
    coalesce((select o.option_value::double precision from pg_options_to_table(c.reloptions) as o where o.option_name = 'fillfactor'), 100) as fill,
    (select count(*) from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm')
    and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname !~ '^pg_(toast|temp)'
    and c.relpages * current_setting('block_size')::bigint >= $1::bigint
),
widths as (
  -- pg_stats shows the columns only that this role may read.
  select s.schemaname, s.tablename, count(*) as columns, sum((1 - s.null_frac) * s.avg_width) as width, max(s.null_frac) as nulls
  from pg_stats as s
  where not s.inherited
  group by s.schemaname, s.tablename
),
estimated as (
  select
    t.*,
    coalesce(w.columns, 0) as seen,
    -- 4 bytes of line pointer, 23 of header and the bitmap of nulls, to 8 bytes; then the columns, to 8 bytes.
    4 + ceil((23 + case when w.nulls > 0 then (t.columns + 7) / 8 else 0 end) / 8.0) * 8 + ceil(w.width / 8) * 8 as tuple
  from tables as t
  left join widths as w on w.schemaname = t.nspname and w.tablename = t.relname
),
judged as (
  select
    e.*,
    e.pages * e.block as size_bytes,
    case when e.seen = e.columns and e.reltuples >= 0 then
      least(e.pages, ceil(e.reltuples / greatest(1, floor((e.block - 24) * e.fill / 100 / e.tuple))))::bigint * e.block
    end as needed_bytes
  from estimated as e
)
select
  format('%I.%I', j.nspname, j.relname) as "table",
  j.size_bytes,
  j.needed_bytes,
  j.size_bytes - j.needed_bytes as bloat_bytes,
  (j.size_bytes - j.needed_bytes)::double precision / nullif(j.size_bytes, 0) as bloat_ratio,
  round(nullif(j.reltuples, -1))::bigint as rows_estimate,
  case when j.needed_bytes is null then 'unknown' else 'ok' end as verdict,
  case when j.needed_bytes is null then
    case when j.reltuples < 0 then 'it was never analyzed' else 'not all of its columns have statistics that this role may see' end
  end as reason,
  case when j.needed_bytes is null then
    case when j.reltuples < 0 then format('analyze %I.%I', j.nspname, j.relname)
      else format('analyze %I.%I; grant pg_read_all_data to %I', j.nspname, j.relname, current_user) end
  end as fix
from judged as j
order by bloat_bytes desc nulls last, j.size_bytes desc, "table"
limit $2::bigint
