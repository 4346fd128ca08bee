-- title: no trigger is switched off
-- box: on-call
-- profiles: pre-deploy oncall daily
-- expected: every trigger of a table is enabled
-- why: what a disabled trigger should record or refuse happens unseen
-- fix: sql
with disabled as (
  select tgrelid::regclass as relation, tgname, tgisinternal from pg_trigger where tgenabled = 'D'
)
select 'critical' as severity, format('%s of %s is disabled', tgname, relation) as evidence,
       format('alter table %s enable trigger %s', relation, case when tgisinternal then 'all' else format('%I', tgname) end) as fix
  from disabled
union all
select 'ok', format('%s triggers looked at', (select count(*) from pg_trigger)), null where not exists (select from disabled)
 order by evidence
