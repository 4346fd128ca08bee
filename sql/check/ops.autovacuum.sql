-- title: autovacuum keeps up
-- box: on-call
-- profiles: oncall daily
-- expected: autovacuum is on, and no table has three times the dead rows at which it begins
-- why: dead rows make tables grow and every scan slower
-- fix: sql
with settings as (
  select current_setting('autovacuum')::boolean and current_setting('track_counts')::boolean as works,
         current_setting('autovacuum_vacuum_threshold')::bigint as base,
         current_setting('autovacuum_vacuum_scale_factor')::float8 as share
),
tables as (
  select statistics.relid::regclass as name, statistics.n_dead_tup as dead,
         settings.base + settings.share * greatest(relation.reltuples, 0) as threshold,
         coalesce((select option_value::boolean from pg_options_to_table(relation.reloptions) where option_name = 'autovacuum_enabled'), true) as enabled
    from pg_stat_user_tables statistics
    join pg_class relation on relation.oid = statistics.relid
   cross join settings
),
faults as (
  select 'critical' as severity, 'autovacuum or track_counts is off' as evidence,
         'alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf()' as fix
    from settings where not works
  union all
  select 'warning', format('autovacuum is switched off for %s', name), format('alter table %s reset (autovacuum_enabled)', name)
    from tables where not enabled
  union all
  select 'warning', format('%s has %s dead rows; autovacuum begins at %s', name, dead, floor(threshold)), format('vacuum (analyze) %s', name)
    from tables where enabled and dead > 3 * threshold and dead > 10000
)
select severity, evidence, fix from faults
union all
select 'ok', format('%s tables looked at', (select count(*) from tables)), null where not exists (select from faults)
 order by evidence
