-- summary: indexes that another one makes redundant
-- description: The same columns, or the first of them, in the same order, with the same operator classes, collations and condition.
-- empty: no index is redundant
-- column: index text label
-- column: table text label
-- column: covered_by text label
-- column: size_bytes bigint gauge bytes
-- column: definition text label wide  brings it back
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: duplicate_index by index
with shown as (
  select
    i.*,
    c.relam, c.relkind, c.relname, n.nspname,
    ' ' || i.indkey::text || ' ' as keys,
    ' ' || i.indclass::text || ' ' as classes,
    ' ' || i.indcollation::text || ' ' as collations,
    ' ' || i.indoption::text || ' ' as options,
    coalesce(pg_get_expr(i.indexprs, i.indrelid), '') as expressions,
    coalesce(pg_get_expr(i.indpred, i.indrelid), '') as condition,
    i.indisunique or i.indisprimary or i.indisexclusion or i.indisreplident as is_needed,
    a.amname = 'btree' as by_prefix
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid and not c.relispartition
  join pg_am as a on a.oid = c.relam
  join pg_namespace as n on n.oid = c.relnamespace
  where i.indisvalid and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
),
pairs as (
  select distinct on (a.indexrelid)
    a.*, b.relname as cover_name, b.nspname as cover_schema, a.keys = b.keys as is_same
  from shown as a
  join shown as b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid and b.relam = a.relam
  where not a.is_needed
    and a.indnatts = a.indnkeyatts
    and a.indnkeyatts <= b.indnkeyatts
    and a.condition = b.condition
    and a.expressions = b.expressions
    and (
      a.keys = b.keys and a.classes = b.classes and a.collations = b.collations and a.options = b.options
        -- Of two alike the one that something needs stays, else the older.
        and (b.is_needed or b.indexrelid < a.indexrelid)
      or a.by_prefix and a.keys <> b.keys
        and left(b.keys, length(a.keys)) = a.keys
        and left(b.classes, length(a.classes)) = a.classes
        and left(b.collations, length(a.collations)) = a.collations
        and left(b.options, length(a.options)) = a.options
    )
  order by a.indexrelid, a.keys = b.keys desc, b.indexrelid
)
select
  format('%I.%I', p.nspname, p.relname) as index,
  format('%I.%I', tn.nspname, t.relname) as "table",
  format('%I.%I', p.cover_schema, p.cover_name) as covered_by,
  (case when exists (select from pg_locks as l where l.relation = p.indexrelid and l.mode = 'AccessExclusiveLock')
    then x.relpages * current_setting('block_size')::bigint else pg_relation_size(p.indexrelid) end)::bigint as size_bytes,
  pg_get_indexdef(p.indexrelid) as definition,
  'warning' as verdict,
  case when p.is_same then 'the same index twice' else 'its columns are the first of another' end as reason,
  format(case when p.relkind = 'I' then 'drop index %I.%I' else 'drop index concurrently %I.%I' end, p.nspname, p.relname) as fix
from pairs as p
join pg_class as x on x.oid = p.indexrelid
join pg_class as t on t.oid = p.indrelid
join pg_namespace as tn on tn.oid = t.relnamespace
order by size_bytes desc, index
