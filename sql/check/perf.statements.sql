-- title: slow statements are recorded
-- box: 성능: 느린 쿼리 모니터링 설정
-- profiles: pre-deploy daily
-- expected: pg_stat_statements is preloaded, created in this database, and tracks
-- why: without it nobody can say afterwards which statement was slow
-- fix: sql
with facts as (
  select exists (select from pg_extension where extname = 'pg_stat_statements') as created,
         exists (select from pg_available_extensions where name = 'pg_stat_statements') as available,
         -- The settings exist only where the library is loaded.
         current_setting('pg_stat_statements.track', true) as track,
         current_setting('compute_query_id') as query_id
)
select case when not available then 'unknown' when track is null or not created or track = 'none' or query_id = 'off' then 'warning'
         else 'ok' end as severity,
       case when not available then 'the extension is not installed on the server'
         when track is null then 'the library is not preloaded'
         when not created then 'it is loaded, and not created in this database'
         when track = 'none' then 'pg_stat_statements.track is none'
         when query_id = 'off' then 'compute_query_id is off: nothing is recorded'
         else format('it records %s statements', track) end as evidence,
       case when not available then 'doc: install postgresql-contrib on the server'
         when track is null then 'alter system set shared_preload_libraries = ''pg_stat_statements'' -- then restart the server'
         when not created then 'create extension pg_stat_statements'
         when track = 'none' then 'alter system set pg_stat_statements.track = ''top''; select pg_reload_conf()'
         when query_id = 'off' then 'alter system set compute_query_id = ''auto''; select pg_reload_conf()' end as fix
  from facts
