-- Schemas, collations, statistics objects, event triggers and extensions: what exists once per name. Who owns the schema public is left out:
-- databases that have come from a version before 15 keep their old owner.
select
  null::text as relation,
  'schema' as kind,
  quote_ident(n.nspname) as name,
  case when n.nspname <> 'public' then pg_get_userbyid(n.nspowner) end as owner,
  '' as definition
from pg_namespace as n
where n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select from pg_depend as d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
  )
union all
select null::text, 'extension', quote_ident(e.extname), null, 'schema ' || quote_ident(n.nspname)
from pg_extension as e
join pg_namespace as n on n.oid = e.extnamespace
union all
select
  null::text,
  'collation',
  format('%I.%I', n.nspname, c.collname),
  pg_get_userbyid(c.collowner),
  concat_ws(' ', c.collprovider::text, c.collcollate, c.collctype, to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'colllocale')
from pg_collation as c
join pg_namespace as n on n.oid = c.collnamespace
where n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
union all
select
  s.stxrelid::text,
  'statistics',
  format('%I', s.stxname),
  null,
  regexp_replace(pg_get_statisticsobjdef(s.oid), '^CREATE STATISTICS .*? ON (.*) FROM .*$', '\1')
from pg_statistic_ext as s
union all
select
  null::text,
  'event trigger',
  quote_ident(e.evtname),
  pg_get_userbyid(e.evtowner),
  concat_ws(' ', e.evtevent, array_to_string(e.evttags, ', '), 'execute ' || e.evtfoid::regprocedure::text, e.evtenabled::text)
from pg_event_trigger as e
where not exists (
  select from pg_depend as d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e'
)
