-- title: checkpoints come by the clock
-- box: on-call
-- where: relation pg_catalog.pg_stat_checkpointer
-- profiles: oncall daily
-- expected: less than a third of the checkpoints were forced by the amount of log, of at least 20
-- why: a forced checkpoint writes everything at once and makes the log larger
-- fix: sql
select case when timed + requested < 20 then 'unknown' when requested * 3 >= timed + requested then 'warning' else 'ok' end as severity,
       format('%s of %s checkpoints were requested%s', requested, timed + requested,
              case when timed + requested < 20 then ': too few to judge' else '' end) as evidence,
       case when timed + requested < 20 then 'doc: look again after a day'
         when requested * 3 >= timed + requested
           then format('alter system set max_wal_size = %L; select pg_reload_conf(); select pg_stat_reset_shared(''checkpointer'')',
                       2 * (select setting::bigint from pg_settings where name = 'max_wal_size') || 'MB') end as fix
  from (select num_timed, num_requested from pg_stat_checkpointer) counted (timed, requested)
