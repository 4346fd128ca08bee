drop view current_user_profile;

-- Revoking the privilege of a whole table also revokes it from each column.
revoke all on
  encryption_keys, users, user_sessions, login_attempts, restaurants, menus, orders, order_items, order_status_history,
  payments, payment_order_keys, payment_events, payment_current_state, payment_refunds, notification_templates,
  notification_logs, audit_logs, audit_logs_archive, security_metrics, api_rate_limits
from application_role, application_admin_role, ordersync_rotator;
