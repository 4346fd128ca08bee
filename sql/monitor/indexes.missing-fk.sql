-- summary: foreign keys without an index: deleting or changing what they refer to reads the whole table
-- empty: every foreign key has its index
-- column: table text label
-- column: foreign_key text label
-- column: columns text[] label
-- column: refers_to text label
-- column: rows_estimate bigint gauge
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: missing_index by table, foreign_key
select
  format('%I.%I', n.nspname, t.relname) as "table",
  k.conname::text as foreign_key,
  a.names as columns,
  format('%I.%I', fn.nspname, f.relname) as refers_to,
  (select round(sum(leaf.reltuples) filter (where leaf.reltuples >= 0))::bigint
   from (
     with recursive part as (
       select t.oid union all select h.inhrelid from part as p join pg_inherits as h on h.inhparent = p.oid)
     select c.reltuples from part join pg_class as c on c.oid = part.oid where c.relkind <> 'p'
   ) as leaf) as rows_estimate,
  'warning' as verdict,
  'no index begins with its columns' as reason,
  format(
    case when t.relkind = 'p' then 'create index on %I.%I (%s)' else 'create index concurrently on %I.%I (%s)' end,
    n.nspname, t.relname, array_to_string(array(select quote_ident(name) from unnest(a.names) as name), ', ')) as fix
from pg_constraint as k
join pg_class as t on t.oid = k.conrelid
join pg_namespace as n on n.oid = t.relnamespace
join pg_class as f on f.oid = k.confrelid
join pg_namespace as fn on fn.oid = f.relnamespace
cross join lateral (
  select array_agg(c.attname::text order by u.position) as names
  from unnest(k.conkey) with ordinality as u (number, position)
  join pg_attribute as c on c.attrelid = k.conrelid and c.attnum = u.number
) as a
where k.contype = 'f'
  and k.conparentid = 0
  and n.nspname not in ('pg_catalog', 'information_schema')
  and not exists (
    select
    from pg_index as i
    where i.indrelid = k.conrelid
      and i.indisvalid
      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey
      -- The look-up of a foreign key never asks for NULL, so an index without those rows serves it.
      and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) in (
        select format('(%I IS NOT NULL)', name) from unnest(a.names) as name))
  )
order by rows_estimate desc nulls last, "table", foreign_key
