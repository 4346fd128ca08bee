drop table audit_logs_archive;
drop table audit_logs;
