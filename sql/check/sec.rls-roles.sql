-- title: no role of the application passes row security by
-- box: 보안: Row Level Security 설정 완료
-- profiles: pre-deploy daily
-- expected: members of application_role and application_admin_role own no table and have neither SUPERUSER nor BYPASSRLS
-- why: an owner, a superuser and a role with BYPASSRLS are not subject to policies
-- fix: sql
with recursive members (role) as (
  select oid from pg_roles where rolname in ('application_role', 'application_admin_role')
  union
  select granted.member from pg_auth_members granted join members on granted.roleid = members.role
   -- From version 16 on whoever may create roles administers those he made, and is no member in any other way.
   where coalesce((to_jsonb(granted) ->> 'inherit_option')::boolean or (to_jsonb(granted) ->> 'set_option')::boolean, true)
),
judged as (
  select roles.oid, roles.rolname, roles.rolsuper, roles.rolbypassrls,
         (select string_agg(format('%I.%I', namespace.nspname, relation.relname), ', ' order by relation.relname)
            from pg_class relation
            join pg_namespace namespace on namespace.oid = relation.relnamespace
           where relation.relowner = roles.oid and relation.relkind in ('r', 'p') and relation.relrowsecurity
             and not relation.relispartition) as owned
    from members
    join pg_roles roles on roles.oid = members.role
),
faults as (
  select rolname, 'critical' as severity, 'is a superuser' as what, format('alter role %I nosuperuser', rolname) as fix
    from judged where rolsuper
  union all
  select rolname, 'critical', 'has BYPASSRLS', format('alter role %I nobypassrls', rolname)
    from judged where rolbypassrls and not rolsuper
  union all
  select rolname, 'critical', format('owns %s', owned),
         case when rolname = datdba then format('revoke application_role, application_admin_role from %I', rolname)
           else format('reassign owned by %I to %I', rolname, datdba) end
    from judged, (select pg_get_userbyid(datdba) as datdba from pg_database where datname = current_database()) database
   where owned is not null and not rolsuper
)
select severity, format('%s %s', rolname, what) as evidence, fix
  from faults
union all
select case when exists (select from judged) then 'ok' else 'unknown' end,
       case when exists (select from judged) then format('%s roles looked at', (select count(*) from judged))
         else 'there is neither application_role nor application_admin_role' end,
       case when not exists (select from judged) then 'command: ordersync migrate up' end
 where not exists (select from faults)
 order by evidence
