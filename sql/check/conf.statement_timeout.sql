-- title: the application's roles have a statement timeout
-- box: postgresql.conf
-- profiles: pre-deploy daily
-- expected: statement_timeout of at most 30 s on every role that logs in for the application
-- why: a request that takes longer has lost its user; for the whole server it would end migrations and key rotation
-- fix: sql
with recursive members (role) as (
  select oid from pg_roles where rolname in ('application_role', 'application_admin_role')
  union
  select granted.member from pg_auth_members granted join members on granted.roleid = members.role
   -- From version 16 on whoever may create roles administers those he made, and is no member in any other way.
   where coalesce((to_jsonb(granted) ->> 'inherit_option')::boolean or (to_jsonb(granted) ->> 'set_option')::boolean, true)
),
logins as (
  select roles.rolname,
         (select max(split_part(setting, '=', 2))
            from pg_db_role_setting stored, unnest(stored.setconfig) setting
           where stored.setrole = roles.oid and stored.setdatabase in (0, (select oid from pg_database where datname = current_database()))
             and setting like 'statement_timeout=%') as timeout
    from members
    join pg_roles roles on roles.oid = members.role
   where roles.rolcanlogin and not roles.rolsuper
     -- The owner of tables may be a member too; its maintenance must not be cut short.
     and not exists (select from pg_class where relowner = members.role and relkind in ('r', 'p'))
),
judged as (
  select rolname, timeout,
         timeout is not null and timeout not in ('0', '0s', '0ms') and case
           when timeout ~ '^\d+$' then timeout::bigint <= 30000
           when timeout ~ '^\d+ms$' then rtrim(timeout, 'ms')::bigint <= 30000
           when timeout ~ '^\d+s$' then rtrim(timeout, 's')::bigint <= 30
           else false end as good
    from logins
)
select 'warning' as severity, format('%s has %s', rolname, coalesce('a statement_timeout of ' || timeout, 'no statement_timeout')) as evidence,
       format('alter role %I set statement_timeout = %L', rolname, '30s') as fix
  from judged where not good
union all
select case when exists (select from judged) then 'ok' else 'unknown' end,
       case when exists (select from judged) then format('%s roles looked at', (select count(*) from judged))
         else 'no log-in role is a member of application_role or application_admin_role' end,
       case when not exists (select from judged) then 'doc: create the backend''s log-in role: create role shop_backend login in role application_role' end
 where not exists (select from judged where not good)
 order by evidence
