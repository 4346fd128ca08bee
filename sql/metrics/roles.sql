-- summary: how many roles have far-reaching rights
-- example: ordersync monitor export
-- column: superusers bigint gauge  roles that are superuser
-- column: bypass_row_security bigint gauge  roles that bypass row security, superusers left out
-- column: create_roles bigint gauge  roles that may create roles, superusers left out
-- column: logins bigint gauge  roles that may log in
-- metrics: roles
select
  count(*) filter (where r.rolsuper) as superusers,
  count(*) filter (where r.rolbypassrls and not r.rolsuper) as bypass_row_security,
  count(*) filter (where r.rolcreaterole and not r.rolsuper) as create_roles,
  count(*) filter (where r.rolcanlogin) as logins
from pg_roles as r
