-- summary: by kind of block, of the tables of this database
-- column: kind text label
-- column: hits bigint counter
-- column: reads bigint counter
-- column: hit_ratio double precision gauge ratio
-- metrics: cache_kind by kind
select
  k.kind,
  k.hits::bigint,
  k.reads::bigint,
  k.hits::double precision / nullif(k.hits + k.reads, 0) as hit_ratio
from (
  select
    sum(heap_blks_hit) as heap_hits, sum(heap_blks_read) as heap_reads,
    sum(idx_blks_hit) as index_hits, sum(idx_blks_read) as index_reads,
    sum(coalesce(toast_blks_hit, 0) + coalesce(tidx_blks_hit, 0)) as toast_hits,
    sum(coalesce(toast_blks_read, 0) + coalesce(tidx_blks_read, 0)) as toast_reads
  from pg_statio_user_tables
) as s
cross join lateral (values
  ('table', s.heap_hits, s.heap_reads),
  ('index', s.index_hits, s.index_reads),
  ('toast', s.toast_hits, s.toast_reads)
) as k (kind, hits, reads)
