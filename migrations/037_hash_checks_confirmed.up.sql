-- [ADDITION] In a file of its own, so that a long scan of a large table holds up neither readers nor writers: nothing stronger
-- than SHARE UPDATE EXCLUSIVE is held meanwhile.
alter table users validate constraint ck_users_email_hash;
alter table users validate constraint ck_users_email_hash_prev;
alter table user_sessions validate constraint ck_user_sessions_ip_hash;
alter table login_attempts validate constraint ck_login_attempts_email_hash;
alter table login_attempts validate constraint ck_login_attempts_ip_hash;
alter table payments validate constraint ck_payments_external_id_hash;
alter table audit_logs validate constraint ck_audit_logs_ip_hash;
