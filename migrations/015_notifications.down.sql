drop table notification_logs;
drop table notification_templates;
