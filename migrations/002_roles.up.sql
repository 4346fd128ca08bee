-- The group roles that grants and policies name. Roles belong to the whole cluster: they are created when absent, used as
-- they are when another database made them, and never dropped. Login roles become members of them:
--   grant application_role to shop_backend;
--
-- application_role        the shop's backend, acting for the user in app.current_user_id (set local, per transaction)
-- application_admin_role  [ADDITION] STAFF and ADMIN, payment webhooks and senders of notifications: sees every row
-- ordersync_rotator       [ADDITION] may replace ciphertext pairs in audit_logs; nobody is a member until granted,
--                         not even the owner of the tables
do $$
declare
  wanted text;
begin
  foreach wanted in array array['application_role', 'application_admin_role', 'ordersync_rotator'] loop
    if exists (select from pg_roles where rolname = wanted) then
      continue;
    end if;
    begin
      execute format('create role %I nologin', wanted);
    exception
      -- Two databases of one cluster that migrate at the same moment: the other one was first.
      when duplicate_object or unique_violation then
        null;
      when insufficient_privilege then
        raise exception 'role % does not exist and % may not create roles', wanted, current_user
          using errcode = 'insufficient_privilege',
                hint = format('run as an administrator: create role %I nologin; or: alter role %I createrole',
                              wanted, current_user);
    end;
  end loop;
end
$$;

-- Where USAGE on public was taken from PUBLIC, the roles still reach the tables granted to them.
grant usage on schema public to application_role, application_admin_role, ordersync_rotator;
