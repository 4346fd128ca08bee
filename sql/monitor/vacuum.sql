-- summary: dead rows against what starts autovacuum, wraparound, running vacuums, and what holds vacuum back
-- title: dead rows against the threshold of autovacuum
-- example: ordersync monitor vacuum
-- example: ordersync monitor vacuum --limit 50 --verbose
-- empty: no table has dead rows
-- requires: setting track_counts = on
-- param: limit bigint = 15  how many tables
-- param: overdue double precision = 2  dead rows over autovacuum's threshold from which it is a warning
-- column: table text label
-- column: dead_rows bigint gauge
-- column: live_rows bigint gauge wide
-- column: threshold bigint gauge  dead rows at which autovacuum starts
-- column: over_threshold double precision gauge  dead rows in multiples of it
-- column: autovacuum boolean label
-- column: last_vacuum timestamp with time zone label  by hand or by autovacuum
-- column: last_analyze timestamp with time zone label wide
-- column: changed_since_analyze bigint gauge wide
-- metrics: vacuum by table
-- warn: over_threshold >= :overdue  autovacuum does not keep up => look at the sections running and horizon; vacuum (verbose) it, or lower autovacuum_vacuum_cost_delay
-- crit: autovacuum = false and over_threshold >= 1  autovacuum is off for it and rows have died => alter table … reset (autovacuum_enabled)
with settings as (
  select
    current_setting('autovacuum_vacuum_threshold')::double precision as base,
    current_setting('autovacuum_vacuum_scale_factor')::double precision as factor,
    nullif(current_setting('autovacuum_vacuum_max_threshold', true)::double precision, -1) as most,
    current_setting('autovacuum')::boolean as running
)
select
  format('%I.%I', s.schemaname, s.relname) as "table",
  s.n_dead_tup as dead_rows,
  s.n_live_tup as live_rows,
  t.threshold::bigint as threshold,
  s.n_dead_tup / nullif(t.threshold, 0) as over_threshold,
  g.running and coalesce(o.options ->> 'autovacuum_enabled', 'true')::boolean as autovacuum,
  greatest(s.last_vacuum, s.last_autovacuum) as last_vacuum,
  greatest(s.last_analyze, s.last_autoanalyze) as last_analyze,
  s.n_mod_since_analyze as changed_since_analyze
from pg_stat_user_tables as s
join pg_class as c on c.oid = s.relid
cross join settings as g
cross join lateral (
  select coalesce(jsonb_object_agg(p.option_name, p.option_value), '{}') as options
  from pg_options_to_table(c.reloptions) as p
) as o
cross join lateral (
  select least(
    coalesce((o.options ->> 'autovacuum_vacuum_threshold')::double precision, g.base)
      + coalesce((o.options ->> 'autovacuum_vacuum_scale_factor')::double precision, g.factor) * greatest(c.reltuples, 0),
    coalesce(nullif((o.options ->> 'autovacuum_vacuum_max_threshold')::double precision, -1), g.most)
  ) as threshold
) as t
where s.n_dead_tup > 0
order by over_threshold desc nulls last, dead_rows desc, "table"
limit $1::bigint
