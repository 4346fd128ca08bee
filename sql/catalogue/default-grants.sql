-- The role whose objects get these grants is an owner, and is compared as owners are.
select
  null::text as relation,
  'default grant' as kind,
  concat_ws(
    ' ',
    'on',
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end,
    'in schema ' || quote_ident(n.nspname),
    'to',
    case e.grantee when 0 then 'public' when d.defaclrole then '<owner>' else pg_get_userbyid(e.grantee) end
  ) as name,
  pg_get_userbyid(d.defaclrole) as owner,
  string_agg(lower(e.privilege_type) || case when e.is_grantable then ' with grant option' else '' end, ', ' order by e.privilege_type) as definition
from pg_default_acl as d
left join pg_namespace as n on n.oid = d.defaclnamespace
cross join lateral aclexplode(d.defaclacl) as e
group by d.oid, d.defaclrole, d.defaclobjtype, n.nspname, e.grantee
