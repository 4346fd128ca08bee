-- title: only the first superuser can log in as one
-- box: on-call
-- profiles: pre-deploy daily
-- expected: no superuser that can log in besides the one initdb made
-- why: a superuser passes every grant, policy and guard by
-- fix: sql
select 'warning' as severity, format('%s is a superuser and can log in', rolname) as evidence,
       format('alter role %I nosuperuser', rolname) as fix
  from pg_roles where rolsuper and rolcanlogin and oid <> 10
union all
select 'ok', 'none', null where not exists (select from pg_roles where rolsuper and rolcanlogin and oid <> 10)
 order by evidence
