-- title: queries do their sorting in memory
-- box: on-call
-- profiles: oncall daily
-- expected: every database wrote less than 1 GB an hour to temporary files since its statistics began
-- why: what does not fit into work_mem is written to the disk and read again, and can fill the disk
-- fix: doc
with written as (
  select datname, temp_files, temp_bytes, stats_reset,
         -- Without a beginning of its statistics the server's start stands for it: they are as old as that, or older.
         greatest(extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time())) / 3600, 1)::float8 as hours
    from pg_stat_database
   where datname is not null
),
judged as (
  select *, temp_bytes / hours as hourly, temp_bytes / hours >= 1073741824 as much from written
)
select case when not much then 'ok' when stats_reset is null then 'unknown' else 'warning' end as severity,
       format('%s: %s in %s files in %s hours%s', datname, pg_size_pretty(temp_bytes), temp_files, ceil(hours),
              case when stats_reset is null then ' or more: its statistics do not say when they began' else '' end) as evidence,
       case when not much then null
         when stats_reset is null then format('command: psql --dbname=%L --command=''select pg_stat_reset()''', datname)
         else 'ordersync monitor slow-queries --sort temp names the statements: give them an index, or their role more work_mem (alter role … set work_mem); then in that database: select pg_stat_reset()' end as fix
  from judged
 order by hourly desc, datname
 limit 5
