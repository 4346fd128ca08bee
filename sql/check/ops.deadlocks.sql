-- title: deadlocks are rare
-- box: on-call
-- profiles: oncall daily
-- expected: fewer than 1 deadlock an hour since the statistics began
-- why: transactions that lock rows in different orders cancel each other
-- fix: doc
select case when stats_reset is null then 'unknown' when deadlocks / hours >= 1 then 'warning' else 'ok' end as severity,
       format('%s deadlocks %s', deadlocks,
              case when stats_reset is null then 'since a start that the statistics do not name' else format('in %s hours', ceil(hours)) end) as evidence,
       case when stats_reset is null then 'sql: select pg_stat_reset()'
         when deadlocks / hours >= 1 then 'the server''s log names both statements of each: let them lock in one order; then: select pg_stat_reset()' end as fix
  from (select deadlocks, stats_reset, greatest(extract(epoch from now() - stats_reset) / 3600, 1) as hours
          from pg_stat_database where datname = current_database()) database
