-- Every relation that may carry columns, constraints, grants or comments, partitions included: what is in scope is decided by
-- the reader. Partition bounds are reduced to their shape, because months come and go.
select
  c.oid::text as relation,
  format('%I.%I', n.nspname, c.relname) as name,
  c.relname as bare_name,
  c.relkind::text as relkind,
  pg_get_userbyid(c.relowner) as owner,
  c.relispartition as is_partition,
  i.parents,
  -- A sequence goes with the table whose column it serves.
  (
    select d.refobjid::text
    from pg_depend as d
    where d.classid = 'pg_class'::regclass
      and d.objid = c.oid
      and d.refclassid = 'pg_class'::regclass
      and d.deptype in ('a', 'i')
      and c.relkind = 'S'
  ) as owned_by,
  case
    when not c.relispartition then null
    when bound.expression = 'DEFAULT' then 'default'
    when bound.expression like '%FROM (MINVALUE%' then 'from MINVALUE'
    when bound.expression like '%TO (MAXVALUE%' then 'to MAXVALUE'
    when bound.expression like 'FOR VALUES FROM%' then 'range'
    when bound.expression like 'FOR VALUES IN%' then 'list'
    else 'hash'
  end as bound,
  concat_ws(
    ' ',
    case c.relpersistence when 'u' then 'unlogged' end,
    case c.relkind
      when 'r' then 'table'
      when 'p' then 'partitioned table'
      when 'v' then 'view'
      when 'm' then 'materialized view'
      when 'f' then 'foreign table'
      when 'S' then 'sequence'
    end,
    'partition by ' || pg_get_partkeydef(c.oid),
    case when not c.relispartition then 'inherits ' || i.parents end,
    case when c.relrowsecurity then 'row security enabled' end,
    case when c.relforcerowsecurity then 'row security forced' end,
    case c.relreplident when 'f' then 'replica identity full' when 'n' then 'replica identity nothing' end,
    'with (' || (select string_agg(o, ', ' order by o) from unnest(c.reloptions) as o) || ')',
    'using ' || nullif(am.amname, 'heap'),
    case when i.detach_pending then 'detach pending' end
  ) as definition
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join pg_am as am on am.oid = c.relam
cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as expression) as bound
cross join lateral (
  select
    string_agg(format('%I.%I', pn.nspname, p.relname), ', ' order by h.inhseqno) as parents,
    bool_or(h.inhdetachpending) as detach_pending
  from pg_inherits as h
  join pg_class as p on p.oid = h.inhparent
  join pg_namespace as pn on pn.oid = p.relnamespace
  where h.inhrelid = c.oid
) as i
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select
    from pg_depend as d
    where d.classid = 'pg_class'::regclass
      and d.objid = c.oid
      and d.deptype = 'e'
  )
order by name
