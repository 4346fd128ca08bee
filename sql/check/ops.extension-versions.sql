-- title: extensions are as new as their libraries
-- box: on-call
-- profiles: pre-deploy daily
-- expected: the installed version of every extension is the server's default version
-- why: after pg_upgrade an extension keeps its old objects until it is updated
-- fix: sql
with outdated as (
  select extension.extname, extension.extversion, available.default_version
    from pg_extension extension
    join pg_available_extensions available on available.name = extension.extname
   where available.default_version <> extension.extversion
)
select 'warning' as severity, format('%s is %s, the server has %s', extname, extversion, default_version) as evidence,
       format('alter extension %I update', extname) as fix
  from outdated
union all
select 'ok', format('%s extensions looked at', (select count(*) from pg_extension)), null where not exists (select from outdated)
 order by evidence
