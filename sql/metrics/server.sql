-- summary: when the server started and read its settings, and settings that wait for a restart
-- example: ordersync monitor export
-- column: started timestamp with time zone gauge  when the server started
-- column: settings_loaded timestamp with time zone gauge  when the server last read its settings
-- column: settings_pending bigint gauge  changed settings that wait for a restart
-- column: in_recovery boolean gauge  1 on a standby
-- metrics: server
select
  pg_postmaster_start_time() as started,
  pg_conf_load_time() as settings_loaded,
  (select count(*) from pg_settings as s where s.pending_restart) as settings_pending,
  pg_is_in_recovery() as in_recovery
