-- title: deadlocks are rare
-- box: on-call
-- profiles: oncall daily
-- expected: fewer than 1 deadlock an hour since the statistics began
-- why: transactions that lock rows in different orders cancel each other
-- fix: doc
select case when deadlocks / hours < 1 then 'ok' when stats_reset is null then 'unknown' else 'warning' end as severity,
       format('%s deadlocks in %s hours%s', deadlocks, ceil(hours),
              case when stats_reset is null then ' or more: the statistics do not say when they began' else '' end) as evidence,
       case when deadlocks / hours < 1 then null
         when stats_reset is null then 'sql: select pg_stat_reset()'
         else 'the server''s log names both statements of each: let them lock in one order; then: select pg_stat_reset()' end as fix
  from (select deadlocks, stats_reset,
               -- Without a beginning of the statistics the server's start stands for it: they are as old as that, or older.
               greatest(extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time())) / 3600, 1) as hours
          from pg_stat_database where datname = current_database()) database
