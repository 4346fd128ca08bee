-- summary: vacuums that run now, and how many more could
-- wants: role pg_read_all_stats  the tables of other roles' vacuums are hidden
-- empty: no vacuum runs
-- column: pid integer label
-- column: table text label
-- column: by text label  autovacuum or a role
-- column: phase text label
-- column: done double precision gauge ratio  of the table's blocks
-- column: running_ms double precision gauge ms
-- column: free_workers bigint gauge  autovacuum workers that are idle
-- column: verdict text label
-- warn: free_workers < 1  every autovacuum worker is busy => raise autovacuum_max_workers, or let each work faster: autovacuum_vacuum_cost_limit
select
  p.pid,
  case when p.relid is null then null
    when c.oid is not null then format('%I.%I', n.nspname, c.relname)
    when p.datname = current_database() then p.relid::text
    else format('%s of database %s', p.relid, p.datname) end as "table",
  case when a.backend_type = 'autovacuum worker' then 'autovacuum' else a.usename::text end as by,
  p.phase,
  p.heap_blks_scanned::double precision / nullif(p.heap_blks_total, 0) as done,
  extract(epoch from clock_timestamp() - a.query_start)::double precision * 1000 as running_ms,
  (select current_setting('autovacuum_max_workers')::bigint - count(*) filter (where w.backend_type = 'autovacuum worker')
    from pg_stat_activity as w having count(*) = count(w.backend_type)) as free_workers,
  case when p.relid is null then 'unknown' else 'ok' end as verdict
from pg_stat_progress_vacuum as p
left join pg_stat_activity as a on a.pid = p.pid
left join pg_class as c on c.oid = p.relid and p.datname = current_database()
left join pg_namespace as n on n.oid = c.relnamespace
order by running_ms desc nulls last, p.pid
