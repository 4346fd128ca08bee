-- title: no setting waits for a restart
-- box: postgresql.conf
-- profiles: pre-deploy daily
-- expected: every setting in the files is in force
-- why: the next restart, perhaps an unplanned one, will change how the server behaves
-- fix: doc
select 'warning' as severity, format('%s is changed in the files and still %s', name, setting) as evidence,
       'restart the server' as fix
  from pg_settings where pending_restart
union all
select 'ok', 'none', null where not exists (select from pg_settings where pending_restart)
 order by evidence
