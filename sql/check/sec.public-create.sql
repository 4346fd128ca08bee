-- title: not everybody may create objects in schema public
-- box: on-call
-- profiles: pre-deploy daily
-- expected: PUBLIC has no CREATE on schema public
-- why: an object of an attacker in the search path is run with the rights of whoever calls it
-- fix: sql
-- requires: schema public
select case when granted.yes then 'critical' else 'ok' end as severity,
       case when granted.yes then 'PUBLIC may create objects in schema public' else 'PUBLIC may not' end as evidence,
       case when granted.yes then 'revoke create on schema public from public' end as fix
  from (select exists (select from pg_namespace namespace, aclexplode(namespace.nspacl) item
                        where namespace.nspname = 'public' and item.grantee = 0 and item.privilege_type = 'CREATE')) granted (yes)
