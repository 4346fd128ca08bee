select
  t.tgrelid::text as relation,
  'trigger' as kind,
  quote_ident(t.tgname) as name,
  t.tgparentid <> 0 as inherited,
  concat_ws(
    ' ',
    replace(
      replace(pg_get_triggerdef(t.oid), ' ON ' || t.tgrelid::regclass::text || ' ', ' '),
      ' TRIGGER ' || quote_ident(t.tgname) || ' ',
      ' TRIGGER '
    ),
    case t.tgenabled when 'D' then 'disabled' when 'R' then 'enabled on replica' when 'A' then 'enabled always' end
  ) as definition
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
where not t.tgisinternal
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
