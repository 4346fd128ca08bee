-- What the access lists say beyond (+) or short of (-) the built-in defaults, so that a grant that was given and taken back leaves no trace.
-- The owner is called <owner>: who that is differs between databases.
with objects as (
  select c.oid::text as relation, '' as label, '' as name, c.relowner as owner, c.relacl as acl, acldefault('r', c.relowner) as standard
  from pg_class as c
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.oid >= 16384 -- below are the system's own
  union all
  select c.oid::text, '', '', c.relowner, c.relacl, acldefault('s', c.relowner)
  from pg_class as c
  where c.relkind = 'S'
    and c.oid >= 16384
  union all
  select a.attrelid::text, 'column', quote_ident(a.attname), c.relowner, a.attacl, acldefault('c', c.relowner)
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where a.attacl is not null
    and c.oid >= 16384
    and not a.attisdropped
  union all
  select null, 'function', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner, p.proacl, acldefault('f', p.proowner)
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace
  where p.proacl is not null
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select null, 'schema', quote_ident(n.nspname), n.nspowner, n.nspacl, acldefault('n', n.nspowner)
  from pg_namespace as n
  where n.nspacl is not null
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (select from pg_depend as d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
  union all
  select null, 'type', format('%I.%I', n.nspname, t.typname), t.typowner, t.typacl, acldefault('T', t.typowner)
  from pg_type as t
  join pg_namespace as n on n.oid = t.typnamespace
  where t.typacl is not null
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
), entries as (
  select o.relation, o.label, o.name, o.owner, '+' as sign, e.grantee, e.privilege_type, e.is_grantable
  from objects as o
  cross join lateral (
    select grantee, privilege_type, is_grantable from aclexplode(o.acl)
    except
    select grantee, privilege_type, is_grantable from aclexplode(o.standard)
  ) as e
  where o.acl is not null
  union all
  select o.relation, o.label, o.name, o.owner, '-', e.grantee, e.privilege_type, e.is_grantable
  from objects as o
  cross join lateral (
    select grantee, privilege_type, is_grantable from aclexplode(o.standard)
    except
    select grantee, privilege_type, is_grantable from aclexplode(o.acl)
  ) as e
  where o.acl is not null
), named as (
  select
    relation,
    concat_ws(' ', nullif(label, ''), nullif(name, '')) as object,
    case grantee when 0 then 'public' when owner then '<owner>' else pg_get_userbyid(grantee) end as grantee,
    sign || lower(privilege_type) || case when is_grantable then ' with grant option' else '' end as privilege
  from entries
)
select
  relation,
  'grant' as kind,
  concat_ws(' ', nullif(object, ''), 'to', grantee) as name,
  string_agg(distinct privilege, ', ' order by privilege) as definition
from named
group by relation, object, grantee
