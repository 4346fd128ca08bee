-- Everything in the database that a migration can make or change, one line per fact, without oids and times.
with own_relations as (
  select pg_class.oid, relname, relkind, relpersistence, relispartition, relrowsecurity, relforcerowsecurity, reloptions,
    relacl, relreplident, relowner, relpartbound
  from pg_class
  where relnamespace = 'public'::regnamespace
    and not exists (select from pg_depend where objid = pg_class.oid and classid = 'pg_class'::regclass and deptype = 'e')
), own_functions as (
  select pg_proc.oid, proname, proacl, proowner, proconfig
  from pg_proc
  where pronamespace = 'public'::regnamespace
    and not exists (select from pg_depend where objid = pg_proc.oid and classid = 'pg_proc'::regclass and deptype = 'e')
)
select format('relation %s kind=%s partition=%s rls=%s/%s options=%s acl=%s identity=%s owner=%s bound=%s', relname, relkind,
  relispartition, relrowsecurity, relforcerowsecurity, reloptions,
  (select string_agg(item::text, ',' order by item::text) from unnest(relacl) item), relreplident, relowner::regrole,
  pg_get_expr(relpartbound, oid)) as line
from own_relations
union all
select format('column %s.%s %s %s not null=%s default=%s acl=%s', relname, attnum, attname,
  format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
  (select string_agg(item::text, ',' order by item::text) from unnest(attacl) item))
from own_relations
join pg_attribute on attrelid = own_relations.oid and attnum > 0 and not attisdropped and relkind in ('r', 'p', 'm', 'v')
left join pg_attrdef on adrelid = attrelid and adnum = attnum
union all
select format('constraint %s.%s %s validated=%s local=%s', relname, conname, pg_get_constraintdef(pg_constraint.oid),
  convalidated, conislocal)
from own_relations
join pg_constraint on conrelid = own_relations.oid
union all
select format('index %s %s valid=%s', indexrelid::regclass, pg_get_indexdef(indexrelid), indisvalid)
from own_relations
join pg_index on indrelid = own_relations.oid
union all
select format('trigger %s.%s %s enabled=%s', relname, tgname, pg_get_triggerdef(pg_trigger.oid), tgenabled)
from own_relations
join pg_trigger on tgrelid = own_relations.oid and not tgisinternal
union all
select format('policy %s.%s %s %s %s using=%s check=%s', relname, polname, polcmd, polpermissive,
  (select string_agg(rolname, ',' order by rolname) from pg_roles where pg_roles.oid = any (polroles)),
  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
from own_relations
join pg_policy on polrelid = own_relations.oid
union all
select format('view %s %s', relname, pg_get_viewdef(oid))
from own_relations
where relkind in ('v', 'm')
union all
select format('function %s acl=%s owner=%s %s', oid::regprocedure,
  (select string_agg(item::text, ',' order by item::text) from unnest(proacl) item), proowner::regrole,
  pg_get_functiondef(oid))
from own_functions
union all
select format('comment %s %s', pg_describe_object(classoid, objoid, objsubid), description)
from pg_description
where objoid in (select oid from own_relations union select oid from own_functions
                 union select oid from pg_ts_config where cfgnamespace = 'public'::regnamespace)
union all
select format('text search configuration %s %s %s', cfgname, maptokentype, mapdict::regdictionary)
from pg_ts_config
join pg_ts_config_map on mapcfg = pg_ts_config.oid
where cfgnamespace = 'public'::regnamespace
union all
select format('type %s %s', typname, typtype)
from pg_type
where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r', 'm')
union all
select format('schema %s acl=%s', nspname, (select string_agg(item::text, ',' order by item::text) from unnest(nspacl) item))
from pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema'
union all
select format('extension %s %s', extname, extversion)
from pg_extension
union all
select format('row scheduled_jobs %s', name)
from pg_class
cross join lateral (select unnest(xpath('//name/text()', query_to_xml('select name from scheduled_jobs', true, false, '')))::text) rows (name)
where pg_class.oid = to_regclass('scheduled_jobs')
order by 1
