-- What the roles may do, on parents and plain tables only, never on partitions. Nobody is granted DELETE or TRUNCATE: rows
-- leave by the scheduled functions and by whole months. Everything not named here is denied.

-- application_role: the shop, for customers and restaurant owners -----------------------------------------------------

-- users has no row security, because log-in has to find a user before there is one. So the role sees what log-in needs, of
-- everybody, and personal data only of the user it works for, through the view.
grant select (
  id, email_hash, password_hash_encrypted, password_key_id, salt, role, permissions, status, last_login_at,
  password_changed_at, failed_login_count, locked_until, two_factor_enabled, two_factor_secret_encrypted,
  two_factor_secret_key_id, created_at, updated_at, version
) on users to application_role;
-- Registration makes customers: role, permissions and status keep their defaults.
grant insert (
  id, email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, created_at
) on users to application_role;
-- The book-keeping of log-in.
grant update (last_login_at, failed_login_count, locked_until, version) on users to application_role;

-- [ADDITION] The user's own row. Views run with their owner's rights, so the condition is the whole protection;
-- security_barrier keeps a query's own functions from running before it.
create view current_user_profile with (security_barrier) as
select
  id, email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, role, permissions, status, last_login_at, password_changed_at,
  two_factor_enabled, two_factor_secret_encrypted, two_factor_secret_key_id, created_at, updated_at, version
from users
where id = app_current_user_id()
with local check option;

comment on view current_user_profile is '현재 사용자(app.current_user_id)의 본인 정보';

grant select on current_user_profile to application_role;
grant update (
  email_encrypted, email_key_id, phone_encrypted, phone_key_id, name_encrypted, name_key_id, email_hash,
  password_hash_encrypted, password_key_id, salt, password_changed_at, two_factor_enabled, two_factor_secret_encrypted,
  two_factor_secret_key_id, version
) on current_user_profile to application_role;

grant select, insert on user_sessions to application_role;
grant update (
  access_token_hash, refresh_token_hash, expires_at, refresh_expires_at, last_activity_at, is_revoked
) on user_sessions to application_role;

grant select (id, email_hash, ip_hash, success, failure_reason, created_at) on login_attempts to application_role;
grant insert on login_attempts to application_role;

grant select, insert on restaurants to application_role;
-- Not owner_id, and not status: a suspended restaurant must not reopen itself.
grant update (
  name_encrypted, name_key_id, address_encrypted, address_key_id, phone_encrypted, phone_key_id,
  business_number_encrypted, business_number_key_id, name_search, category, business_hours, settings, latitude, longitude,
  version
) on restaurants to application_role;

grant select, insert on menus to application_role;
grant update (
  name_encrypted, name_key_id, description_encrypted, description_key_id, price, discount_rate, category, tags, options,
  is_available, daily_limit, sold_count, image_url, sort_order, version
) on menus to application_role;

grant select, insert on orders to application_role;
-- Neither amounts nor status nor its times: the status changes through change_order_status().
grant update (
  table_info_encrypted, table_key_id, special_requests_encrypted, special_requests_key_id, estimated_time, version
) on orders to application_role;
grant select, insert on order_items to application_role;
grant select, insert on order_status_history to application_role;

grant select, insert on payments to application_role;
grant select on payment_events to application_role;
grant select on payment_refunds to application_role;
grant select on notification_logs to application_role;

-- The application writes LOGIN, CREATE_ORDER and their kind; it never reads them back.
grant insert on audit_logs to application_role;
grant insert on security_metrics to application_role;
grant select, insert on api_rate_limits to application_role;
grant update (request_count, window_end) on api_rate_limits to application_role;
grant select on encryption_keys to application_role;

-- application_admin_role: STAFF and ADMIN, payment webhooks, notification senders --------------------------------------

grant select, insert, update on
  users, user_sessions, restaurants, menus, orders, order_items, payments, payment_refunds,
  notification_templates, notification_logs, api_rate_limits
to application_admin_role;
-- Records of what happened are added, not changed.
grant select, insert on
  login_attempts, order_status_history, payment_events, audit_logs, security_metrics
to application_admin_role;
grant select on
  encryption_keys, payment_order_keys, payment_current_state, audit_logs_archive
to application_admin_role;

-- ordersync_rotator: the ciphertext pairs of the immutable logs --------------------------------------------------------

grant select on audit_logs, audit_logs_archive to ordersync_rotator;
grant update (
  ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id,
  new_value_encrypted, new_value_key_id
) on audit_logs, audit_logs_archive to ordersync_rotator;
