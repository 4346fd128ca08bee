-- title: there is room for more connections
-- box: on-call
-- profiles: oncall
-- expected: less than 80 % of the connections for ordinary roles are taken
-- why: at 100 % nobody can connect, on-call included
-- fix: sql
with facts as (
  -- Of sessions of other roles a plain role sees the database, not the kind; background processes have no database.
  select count(*) filter (where backend_type = 'client backend' or backend_type is null and datid is not null) as taken,
         current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
           - coalesce(current_setting('reserved_connections', true)::integer, 0) as room
    from pg_stat_activity
)
select case when taken >= 0.95 * room then 'critical' when taken >= 0.8 * room then 'warning' else 'ok' end as severity,
       format('%s of %s are taken', taken, room) as evidence,
       case when taken >= 0.8 * room
         then 'select pg_terminate_backend(pid) from pg_stat_activity where backend_type = ''client backend'' and state = ''idle'' and state_change < now() - interval ''10 minutes''' end as fix
  from facts
