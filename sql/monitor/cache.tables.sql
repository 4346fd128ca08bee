-- summary: tables with the most reads, partitions summed
-- empty: no table has been read from disk
-- param: limit bigint = 10  how many tables
-- column: table text label
-- column: hits bigint counter
-- column: reads bigint counter
-- column: hit_ratio double precision gauge ratio
-- metrics: cache_table by table
with recursive root as (
  select c.oid, c.oid as root from pg_class as c where c.relkind in ('r', 'p', 'm') and not c.relispartition
  union all
  select i.inhrelid, r.root from root as r join pg_inherits as i on i.inhparent = r.oid
),
summed as (
  select
    r.root,
    sum(s.heap_blks_hit + coalesce(s.idx_blks_hit, 0) + coalesce(s.toast_blks_hit, 0) + coalesce(s.tidx_blks_hit, 0)) as hits,
    sum(s.heap_blks_read + coalesce(s.idx_blks_read, 0) + coalesce(s.toast_blks_read, 0) + coalesce(s.tidx_blks_read, 0)) as reads
  from root as r
  join pg_statio_user_tables as s on s.relid = r.oid
  group by r.root
)
select
  format('%I.%I', n.nspname, c.relname) as "table",
  s.hits::bigint,
  s.reads::bigint,
  s.hits::double precision / nullif(s.hits + s.reads, 0) as hit_ratio
from summed as s
join pg_class as c on c.oid = s.root
join pg_namespace as n on n.oid = c.relnamespace
where s.reads > 0
order by s.reads desc, "table"
limit $1::bigint
