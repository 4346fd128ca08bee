-- pg_trgm and pg_stat_statements stay: other objects of this database may use them, and "up" accepts them as they are.

-- Only the configuration that "up" made carries this comment; a configuration somebody else made stays.
do $$
begin
  if exists (
    select
    from pg_ts_config config
    join pg_description description on description.objoid = config.oid and description.classoid = 'pg_ts_config'::regclass
    where config.cfgname = 'korean'
      and config.cfgnamespace = 'public'::regnamespace
      and description.description like 'ordersync:%'
  ) then
    drop text search configuration public.korean;
  end if;
end
$$;
