-- title: no page failed its checksum
-- box: on-call
-- profiles: oncall daily
-- expected: no checksum failure in any database
-- why: a damaged page is lost data; backups made meanwhile may hold it too
-- fix: doc
select case when failures > 0 then 'critical' when failures is null then 'unknown' else 'ok' end as severity,
       case when failures is null then 'data checksums are off: damage would not be seen'
         else format('%s failures', failures) end as evidence,
       case when failures > 0 then 'find the pages with pg_amcheck, restore them from a backup, then: select pg_stat_reset()'
         when failures is null then 'halt the server and run pg_checksums --enable' end as fix
  -- Null where checksums are off.
  from (select sum(checksum_failures) from pg_stat_database) counted (failures)
