-- title: checkpoints come by the clock
-- box: on-call
-- profiles: oncall daily
-- expected: less than a third of the checkpoints were forced by the amount of log, of at least 20
-- why: a forced checkpoint writes everything at once and makes the log larger
-- fix: sql
select case when timed + requested < 20 then 'unknown' when requested * 3 >= timed + requested then 'warning' else 'ok' end as severity,
       format('%s of %s checkpoints were requested%s', requested, timed + requested,
              case when timed + requested < 20 then ': too few to judge' else '' end) as evidence,
       case when timed + requested < 20 then 'doc: look again after a day'
         when requested * 3 >= timed + requested
           then format('alter system set max_wal_size = %L; select pg_reload_conf(); select pg_stat_reset_shared(''bgwriter'')',
                       2 * (select setting::bigint from pg_settings where name = 'max_wal_size') || 'MB') end as fix
  from (select checkpoints_timed, checkpoints_req from pg_stat_bgwriter) counted (timed, requested)
