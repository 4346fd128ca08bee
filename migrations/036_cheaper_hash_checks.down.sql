-- ordersync: no-transaction
-- Each statement by itself, so that the scans at the end hold up neither readers nor writers.
alter table users
  drop constraint ck_users_email_hash,
  drop constraint ck_users_email_hash_prev,
  add constraint ck_users_email_hash check (email_hash ~ '^[0-9a-f]{64}$') not valid,
  add constraint ck_users_email_hash_prev check (email_hash_prev ~ '^[0-9a-f]{64}$') not valid;

alter table user_sessions
  drop constraint ck_user_sessions_ip_hash,
  add constraint ck_user_sessions_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$') not valid;

alter table login_attempts
  drop constraint ck_login_attempts_email_hash,
  drop constraint ck_login_attempts_ip_hash,
  add constraint ck_login_attempts_email_hash check (email_hash ~ '^[0-9a-f]{64}$') not valid,
  add constraint ck_login_attempts_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$') not valid;

alter table payments
  drop constraint ck_payments_external_id_hash,
  add constraint ck_payments_external_id_hash check (external_id_hash ~ '^[0-9a-f]{64}$') not valid;

alter table audit_logs
  drop constraint ck_audit_logs_ip_hash,
  add constraint ck_audit_logs_ip_hash check (ip_hash ~ '^[0-9a-f]{64}$') not valid;

-- As before: what was validated then is again.
alter table users validate constraint ck_users_email_hash;
alter table users validate constraint ck_users_email_hash_prev;
alter table user_sessions validate constraint ck_user_sessions_ip_hash;
alter table login_attempts validate constraint ck_login_attempts_email_hash;
alter table login_attempts validate constraint ck_login_attempts_ip_hash;
alter table payments validate constraint ck_payments_external_id_hash;
alter table audit_logs validate constraint ck_audit_logs_ip_hash;
