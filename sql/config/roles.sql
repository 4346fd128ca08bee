-- Settings of the application's roles, after the migrations, as a superuser or as the role that created them.
--
-- A setting of a role counts for sessions that log in as that very role; members of a group do not inherit it. So the log-in
-- roles that are members get it too; run this again after adding one, such as:
--   create role shop_backend login password '...' in role application_role;
do $$
declare
  login text;
begin
  for login in
    with recursive members (role) as (
      select oid from pg_roles where rolname in ('application_role', 'application_admin_role')
      union
      select member from pg_auth_members join members on pg_auth_members.roleid = members.role
    )
    select rolname
    from members
    join pg_roles on pg_roles.oid = members.role
    -- An owner of tables may be a member as well; its maintenance must not be cut short.
    where not rolsuper and not exists (select from pg_class where relowner = members.role and relkind in ('r', 'p'))
    order by rolname
  loop
    -- 30초: a request that takes longer has lost its user; migrations, rotation and archiving are other roles' work.
    execute format('alter role %I set statement_timeout = %L', login, '30s');
    -- Waiting for a lock is waiting for somebody's DDL: better an error the application retries than a queue.
    execute format('alter role %I set lock_timeout = %L', login, '5s');
  end loop;
end
$$;
