-- summary: sequences against the type of the column that they fill
-- description: A sequence of type bigint that fills an integer column is full when the column is, however much room the sequence has.
-- example: ordersync monitor sequences
-- example: ordersync monitor sequences --warn-at 50% --check
-- empty: there are no sequences
-- param: limit bigint = 50  how many sequences
-- param: warn_at double precision ratio = 0.75  from which it is a warning
-- param: crit_at double precision ratio = 0.9  from which it is critical
-- column: sequence text label
-- column: column text label  that it fills
-- column: column_type text label
-- column: last_value bigint gauge
-- column: most bigint gauge  the largest value that sequence and column both admit
-- column: used double precision gauge ratio
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: sequence by sequence
-- warn: used >= :warn_at  it will be full => alter table … alter column … type bigint; rewrites the table, so plan it early
-- crit: used >= :crit_at  it is nearly full: then every insert fails => alter table … alter column … type bigint
with sequences as (
  select
    format('%I.%I', n.nspname, c.relname) as sequence,
    c.relowner, s.*,
    has_sequence_privilege(c.oid, 'select,usage') as readable,
    d.refobjid, d.refobjsubid
  from pg_sequence as s
  join pg_class as c on c.oid = s.seqrelid
  join pg_namespace as n on n.oid = c.relnamespace
  left join pg_depend as d
    on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
  where c.relpersistence <> 't'
    and not exists (select from pg_locks as l where l.relation = c.oid and l.mode = 'AccessExclusiveLock')
),
valued as (
  select
    s.*,
    case when s.readable then pg_sequence_last_value(s.seqrelid) end as last_value,
    format_type(a.atttypid, null) as column_type,
    case when a.attname is not null then format('%I.%I.%I', n.nspname, c.relname, a.attname) end as owner,
    least(s.seqmax, case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else s.seqmax end) as most
  from sequences as s
  left join pg_attribute as a on a.attrelid = s.refobjid and a.attnum = s.refobjsubid
  left join pg_class as c on c.oid = s.refobjid
  left join pg_namespace as n on n.oid = c.relnamespace
)
select
  v.sequence,
  v.owner as "column",
  v.column_type,
  v.last_value,
  v.most,
  case when v.seqincrement > 0 and not v.seqcycle then
    case when v.readable then coalesce(v.last_value - v.seqstart + 1, 0)::double precision / (v.most - v.seqstart + 1) end
  end as used,
  case when v.readable then 'ok' else 'unknown' end as verdict,
  case when not v.readable then 'this role may not read it' end as reason,
  case when not v.readable then format('grant select on sequence %s to %I', v.sequence, current_user) end as fix
from valued as v
order by used desc nulls last, v.sequence
limit $1::bigint
