-- title: every constraint was checked against the rows that were there
-- box: on-call
-- profiles: pre-deploy daily
-- expected: no constraint is NOT VALID
-- why: rows from before may break it, and the planner does not use it
-- fix: sql
with invalid as (
  select conrelid::regclass as relation, conname from pg_constraint
   where not convalidated and conrelid <> 0
     -- While a retired key is kept out by the server, its CHECKs stay as they are on purpose.
     and conname not like 'ck\_%\_retired%'
)
select 'warning' as severity, format('%s of %s is not valid', conname, relation) as evidence,
       format('alter table %s validate constraint %I', relation, conname) as fix
  from invalid
union all
select 'ok', format('%s constraints looked at', (select count(*) from pg_constraint)), null where not exists (select from invalid)
 order by evidence
