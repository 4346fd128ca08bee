select uninstall_scheduled_jobs();
drop function uninstall_scheduled_jobs();
drop function install_scheduled_jobs();
drop table scheduled_jobs;
