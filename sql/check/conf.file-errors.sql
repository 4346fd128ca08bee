-- title: the configuration files can be read
-- box: postgresql.conf
-- profiles: pre-deploy daily
-- expected: no line of postgresql.conf and the files it includes is in error
-- why: with a line in error the server does not start again; a "hostssl" line in postgresql.conf is one
-- fix: doc
-- requires: view pg_catalog.pg_file_settings
-- requires: function pg_catalog.pg_show_all_file_settings()
select 'critical' as severity, format('line %s of %s: %s', sourceline, regexp_replace(sourcefile, '^.*/', ''), error) as evidence,
       'correct the line, then: select pg_reload_conf()' as fix
  from pg_file_settings where error is not null and error <> 'setting could not be applied'
union all
select 'ok', format('%s lines', (select count(*) from pg_file_settings)), null
 where not exists (select from pg_file_settings where error is not null and error <> 'setting could not be applied')
 order by evidence
