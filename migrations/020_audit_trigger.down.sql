drop trigger trigger_audit_payments_update on payments;
drop trigger trigger_audit_payments on payments;
drop trigger trigger_audit_users_update on users;
drop trigger trigger_audit_users on users;
drop function auto_audit_log();
drop function audit_changes(jsonb, jsonb, text[]);
