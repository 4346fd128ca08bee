select
  c.oid::text as relation,
  'view body' as kind,
  '' as name,
  pg_get_viewdef(c.oid) as definition
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('v', 'm')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
