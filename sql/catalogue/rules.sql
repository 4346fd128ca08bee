select
  r.ev_class::text as relation,
  'rule' as kind,
  quote_ident(r.rulename) as name,
  concat_ws(
    ' ',
    pg_get_ruledef(r.oid),
    case r.ev_enabled when 'D' then 'disabled' when 'R' then 'enabled on replica' when 'A' then 'enabled always' end
  ) as definition
from pg_rewrite as r
join pg_class as c on c.oid = r.ev_class
join pg_namespace as n on n.oid = c.relnamespace
where r.rulename <> '_RETURN'
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
