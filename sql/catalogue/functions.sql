-- pg_get_functiondef refuses aggregates, so these are told by the functions they are made of.
select
  null::text as relation,
  case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
  format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
  pg_get_userbyid(p.proowner) as owner,
  case
    when p.prokind <> 'a' then pg_get_functiondef(p.oid)
    else concat_ws(
      ' ',
      'returns ' || pg_get_function_result(p.oid),
      'sfunc ' || a.aggtransfn::text,
      'stype ' || format_type(a.aggtranstype, null),
      'finalfunc ' || nullif(a.aggfinalfn::text, '-'),
      'combinefunc ' || nullif(a.aggcombinefn::text, '-'),
      'initcond ' || quote_literal(a.agginitval),
      'parallel ' || p.proparallel::text
    )
  end as definition
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
left join pg_aggregate as a on a.aggfnoid = p.oid
where n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select
    from pg_depend as d
    where d.classid = 'pg_proc'::regclass
      and d.objid = p.oid
      and d.deptype in ('e', 'i') -- members of extensions, and what a range type brings along
  )
