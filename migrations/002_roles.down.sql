-- The roles stay: they belong to the cluster, and other databases may have granted them privileges.
revoke usage on schema public from application_role, application_admin_role, ordersync_rotator;
