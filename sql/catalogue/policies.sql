select
  p.polrelid::text as relation,
  'policy' as kind,
  quote_ident(p.polname) as name,
  concat_ws(
    ' ',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    'to ' || (
      select string_agg(case member when 0 then 'public' else pg_get_userbyid(member) end, ', ' order by pg_get_userbyid(member))
      from unnest(p.polroles) as member
    ),
    'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
  ) as definition
from pg_policy as p
