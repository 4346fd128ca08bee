-- title: the cache serves 95 % of all reads
-- box: 성능: 캐시 히트율 95% 이상 확인
-- profiles: pre-deploy oncall daily
-- expected: at least 95 % since the statistics began, counted over at least 10000 blocks
-- why: what is not in the cache is read from the disk, a thousand times slower
-- fix: doc
select case when hit + read < 10000 then 'unknown' when hit < 0.95 * (hit + read) then 'warning' else 'ok' end as severity,
       case when hit + read < 10000
           then format('only %s blocks were read since %s: too few to judge', hit + read, since)
         else format('%s %% of %s blocks since %s', round(100.0 * hit / (hit + read), 1), hit + read, since) end as evidence,
       case when hit + read < 10000 then 'look again when the application has worked for a while'
         when hit < 0.95 * (hit + read)
           then 'raise shared_buffers (sql/config/postgresql.conf), or find what reads so much: ordersync monitor cache' end as fix
  from (select blks_hit as hit, blks_read as read,
               coalesce(to_char(stats_reset at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), 'the server''s last crash or start') as since
          from pg_stat_database where datname = current_database()) database
