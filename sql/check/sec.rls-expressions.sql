-- title: policies neither fail without a user nor are evaluated row by row
-- box: 보안: Row Level Security 설정 완료
-- profiles: pre-deploy
-- expected: no policy calls current_setting() with one argument or outside a sub-select
-- why: current_setting('app.current_user_id') raises an error where it is not set, and a call outside a sub-select runs for each row
-- fix: command
-- requires: table public.orders
with expressions as (
  select policy.polname, relation.relname,
         concat_ws(' and ', pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid)) as text
    from pg_policy policy
    join pg_class relation on relation.oid = policy.polrelid
   where relation.relnamespace = (select oid from pg_namespace where nspname = 'public')
)
select case when text ~ 'current_setting\(''[^'']*''::text\)' then 'critical'
         when text ~ '(current_setting|app_current_user_id)\(' and text !~* 'select[^;]*(current_setting|app_current_user_id)\(' then 'warning'
         else 'ok' end as severity,
       case when text ~ 'current_setting\(''[^'']*''::text\)'
           then format('%s on %s raises an error in a session without the setting', polname, relname)
         when text ~ '(current_setting|app_current_user_id)\(' and text !~* 'select[^;]*(current_setting|app_current_user_id)\('
           then format('%s on %s is evaluated for each row', polname, relname)
         else format('%s on %s', polname, relname) end as evidence,
       case when text ~ 'current_setting\(''[^'']*''::text\)'
              or text ~ '(current_setting|app_current_user_id)\(' and text !~* 'select[^;]*(current_setting|app_current_user_id)\('
         then format('psql -c "drop policy %I on public.%I" && ordersync check --only sec.policies', polname, relname) end as fix
  from expressions
 order by relname, polname
