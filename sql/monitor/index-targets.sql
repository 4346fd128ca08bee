-- summary: the five indexes that the schema is planned round: their sizes and hit rates against the plan
-- example: ordersync monitor index-targets
-- example: ordersync monitor index-targets --check --min-touches 1000
-- requires: table public.orders
-- param: baseline text  counters of an earlier snapshot
-- param: min_touches bigint = 1000  below so many blocks nothing is judged
-- column: index text label
-- column: purpose text label wide
-- column: method text label
-- column: size_bytes bigint gauge bytes
-- column: planned_bytes bigint gauge bytes  at the planned volumes
-- column: scans bigint counter
-- column: touches bigint counter wide
-- column: hit_ratio double precision gauge ratio
-- column: target double precision gauge ratio
-- column: missed double precision gauge ratio wide  by how much the target is missed
-- column: size_share double precision gauge wide
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: index_target by index
-- unknown: touches < :min_touches  too few blocks were read to judge by => wait, or run it under load with --window 1min
-- warn: missed > 0  it is read from disk more often than planned => ordersync monitor cache
-- warn: size_share > 2  it is more than twice as large as planned => reindex index concurrently, if ordersync monitor bloat agrees; else more rows than planned: ordersync monitor volumes
-- body: otherwise
with recursive planned (name, method, purpose, bytes, target) as (
  values
    ('idx_orders_restaurant_status', 'btree', 'order list of a restaurant', 200::bigint * 1024 * 1024, 0.99::double precision),
    ('idx_users_email_hash', 'hash', 'log-in', 10::bigint * 1024 * 1024, 1.0),
    ('idx_audit_logs_created_brin', 'brin', 'search by time', 1::bigint * 1024 * 1024, 0.9),
    ('idx_restaurants_location', 'gist', 'search by place', 5::bigint * 1024 * 1024, 0.95),
    ('idx_restaurants_name_search', 'gin', 'search by name', 15::bigint * 1024 * 1024, 0.98)
),
part as (
  select c.oid, p.name
  from planned as p
  join pg_class as c
    on c.relname = p.name and c.relkind in ('i', 'I') and c.relnamespace = (select n.oid from pg_namespace as n where n.nspname = 'public')
  union all
  select h.inhrelid, p.name from part as p join pg_inherits as h on h.inhparent = p.oid
),
counted as (
  select
    p.name,
    sum(case
      when exists (select from pg_locks as l where l.relation = p.oid and l.mode = 'AccessExclusiveLock')
        then c.relpages * current_setting('block_size')::bigint
      else pg_relation_size(p.oid) end)::bigint as bytes,
    sum(coalesce(s.idx_scan, 0) - coalesce(($1::text::jsonb -> p.oid::text ->> 0)::bigint, 0))::bigint as scans,
    sum(coalesce(i.idx_blks_hit, 0) - coalesce(($1::text::jsonb -> p.oid::text ->> 1)::bigint, 0))::bigint as hits,
    sum(coalesce(i.idx_blks_read, 0) - coalesce(($1::text::jsonb -> p.oid::text ->> 2)::bigint, 0))::bigint as reads
  from part as p
  join pg_class as c on c.oid = p.oid
  left join pg_stat_user_indexes as s on s.indexrelid = p.oid
  left join pg_statio_user_indexes as i on i.indexrelid = p.oid
  group by p.name
)
select
  'public.' || p.name as index,
  p.purpose,
  p.method,
  c.bytes as size_bytes,
  p.bytes as planned_bytes,
  c.scans,
  c.hits + c.reads as touches,
  r.ratio as hit_ratio,
  p.target,
  p.target - r.ratio as missed,
  c.bytes::double precision / p.bytes as size_share,
  case when c.name is null then 'critical' else 'ok' end as verdict,
  case when c.name is null then 'the index is missing' end as reason,
  case when c.name is null then 'ordersync migrate verify says what differs' end as fix
from planned as p
left join counted as c on c.name = p.name
cross join lateral (select c.hits::double precision / nullif(c.hits + c.reads, 0) as ratio) as r
order by p.name
-- body: snapshot
select coalesce(jsonb_object_agg(s.indexrelid, jsonb_build_array(s.idx_scan, i.idx_blks_hit, i.idx_blks_read)), '{}')::text
from pg_stat_user_indexes as s
join pg_statio_user_indexes as i on i.indexrelid = s.indexrelid
