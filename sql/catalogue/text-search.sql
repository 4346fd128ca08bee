select
  null::text as relation,
  'text search configuration' as kind,
  format('%I.%I', n.nspname, c.cfgname) as name,
  pg_get_userbyid(c.cfgowner) as owner,
  concat_ws(
    E'\n',
    'parser ' || p.prsname,
    (
      select string_agg(format('%s with %s', token.alias, maps.dictionaries), E'\n' order by token.alias)
      from ts_token_type(c.cfgparser) as token
      join lateral (
        select string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno) as dictionaries
        from pg_ts_config_map as m
        where m.mapcfg = c.oid
          and m.maptokentype = token.tokid
      ) as maps on maps.dictionaries is not null
    )
  ) as definition
from pg_ts_config as c
join pg_namespace as n on n.oid = c.cfgnamespace
join pg_ts_parser as p on p.oid = c.cfgparser
where n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select from pg_depend as d where d.classid = 'pg_ts_config'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
union all
select
  null::text,
  'text search dictionary',
  format('%I.%I', n.nspname, d.dictname),
  pg_get_userbyid(d.dictowner),
  concat_ws(' ', 'template ' || t.tmplname, d.dictinitoption)
from pg_ts_dict as d
join pg_namespace as n on n.oid = d.dictnamespace
join pg_ts_template as t on t.oid = d.dicttemplate
where n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select from pg_depend as x where x.classid = 'pg_ts_dict'::regclass and x.objid = d.oid and x.deptype = 'e'
  )
