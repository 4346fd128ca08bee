-- summary: indexes that are not valid: they cost writes and serve nobody
-- empty: every index is valid
-- wants: role pg_read_all_stats  an index that is being built by another role cannot be told from one left behind
-- column: index text label
-- column: table text label
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: invalid_index by index
select
  format('%I.%I', n.nspname, c.relname) as index,
  format('%I.%I', tn.nspname, t.relname) as "table",
  case when p.pid is not null then 'ok' when b.hidden then 'unknown' else 'critical' end as verdict,
  case
    when p.pid is not null then 'being built by process ' || p.pid
    when b.hidden then null
    when c.relkind = 'I' then 'some partition has no valid index for it'
    else 'CREATE or REINDEX CONCURRENTLY did not end well'
  end as reason,
  case
    when p.pid is not null or b.hidden then null
    when c.relkind = 'I' then 'create the missing index of each partition and attach it: alter index … attach partition …'
    when c.relname ~ '_ccnew\d*$' then format('drop index concurrently %I.%I', n.nspname, c.relname)
    else format('reindex index concurrently %I.%I', n.nspname, c.relname)
  end as fix
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_class as t on t.oid = i.indrelid
join pg_namespace as tn on tn.oid = t.relnamespace
left join pg_stat_progress_create_index as p on p.index_relid = i.indexrelid
-- A build of another role may be that of this index.
cross join (
  select exists (
    select from pg_stat_progress_create_index as o where o.datname = current_database() and o.index_relid is null) as hidden
) as b
where not (i.indisvalid and i.indisready and i.indislive)
order by index
