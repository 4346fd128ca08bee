-- title: functions that run as their owner have a fixed search_path
-- box: on-call
-- profiles: pre-deploy daily
-- expected: every SECURITY DEFINER function outside pg_catalog and extensions sets search_path
-- why: the caller chooses the search_path, and with it which tables and operators such a function uses
-- fix: sql
with definers as (
  select procedure.oid::regprocedure as name, procedure.proconfig
    from pg_proc procedure
    join pg_namespace namespace on namespace.oid = procedure.pronamespace
   where procedure.prosecdef and namespace.nspname not in ('pg_catalog', 'information_schema')
     and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = procedure.oid and deptype = 'e')
)
select 'warning' as severity, format('%s runs as its owner with the caller''s search_path', name) as evidence,
       format('alter function %s set search_path = public, pg_temp', name) as fix
  from definers where not exists (select from unnest(proconfig) setting where setting like 'search_path=%')
union all
select 'ok', format('%s functions looked at', (select count(*) from definers)), null
 where not exists (
   select from definers where not exists (select from unnest(proconfig) setting where setting like 'search_path=%'))
 order by evidence
