-- summary: how much is read from shared buffers: the database, by kind of block, by table
-- title: the database
-- description: A read that misses shared buffers may still be served by the cache of the operating system; the server cannot tell.
-- description: Since the last reset of statistics, or with --window from now on.
-- example: ordersync monitor cache
-- example: ordersync monitor cache --window 30s --target 99% --check
-- param: baseline text  counters of an earlier snapshot
-- param: target double precision ratio = 0.95  hit ratio below which it is a warning
-- param: min_touches bigint = 10000  below so many blocks nothing is judged
-- column: database text label
-- column: hits bigint counter  blocks found in shared buffers
-- column: reads bigint counter  blocks asked of the operating system
-- column: touches bigint counter wide
-- column: hit_ratio double precision gauge ratio
-- column: since timestamp with time zone label  when counting began
-- metrics: cache by database
-- unknown: touches < :min_touches  too few blocks were read to judge by => wait, or run it under load with --window 1min
-- warn: hit_ratio < :target  below the target => ordersync monitor slow-queries --sort io shows who reads; more shared_buffers if memory allows
-- body: otherwise
select
  d.datname::text as database,
  c.hits,
  c.reads,
  c.hits + c.reads as touches,
  c.hits::double precision / nullif(c.hits + c.reads, 0) as hit_ratio,
  case when $1::text is null then d.stats_reset else ($1::text::jsonb ->> 'at')::timestamptz end as since
from pg_stat_database as d
cross join lateral (
  select
    d.blks_hit - coalesce(($1::text::jsonb ->> 'hits')::bigint, 0) as hits,
    d.blks_read - coalesce(($1::text::jsonb ->> 'reads')::bigint, 0) as reads
) as c
where d.datname = current_database()
-- body: snapshot
select jsonb_build_object('hits', d.blks_hit, 'reads', d.blks_read, 'at', clock_timestamp())::text
from pg_stat_database as d
where d.datname = current_database()
