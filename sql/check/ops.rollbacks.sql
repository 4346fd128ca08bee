-- title: transactions end in COMMIT
-- box: on-call
-- profiles: oncall daily
-- expected: less than 20 % of the transactions of this database were rolled back, of at least 1000
-- why: a rollback is work for nothing, and mostly an error that a user has seen
-- fix: doc
select case when total < 1000 then 'unknown' when undone >= 0.2 * total then 'warning' else 'ok' end as severity,
       case when total < 1000 then format('only %s transactions since %s: too few to judge', total, since)
         else format('%s %% of %s transactions since %s', round(100.0 * undone / total, 1), total, since) end as evidence,
       case when total < 1000 then 'look again when the application has worked for a while'
         when undone >= 0.2 * total
           then 'the server''s log names the statements and their errors; when the cause is gone: select pg_stat_reset()' end as fix
  from (select xact_rollback as undone, xact_commit + xact_rollback as total,
               coalesce(to_char(stats_reset at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), 'the server''s last crash or start') as since
          from pg_stat_database where datname = current_database()) database
