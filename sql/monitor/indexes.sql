-- summary: indexes that nobody has used, with what speaks for keeping each
-- description: Also duplicate and invalid indexes, and foreign keys without one. Scans of all partitions are added up. An index is called unused only
-- description: when statistics are old enough and no standby could have used it; what a constraint or a foreign key needs is never on the list.
-- description: A standby counts its own scans: name each with --replica, or, one a line, in ORDERSYNC_REPLICA_URL. A host alone is reached as the main
-- description: server is.
-- example: ordersync monitor indexes
-- example: ordersync monitor indexes --min-window 7d --min-size 8kB --verbose
-- example: ordersync monitor indexes --replica standby-1 --replica standby-2:5433
-- empty: every index of this size has been used
-- requires: setting track_counts = on
-- param: max_scans bigint = 0  up to so many scans an index counts as unused
-- param: min_size bigint bytes = 1048576  smaller indexes are not worth it
-- param: min_window double precision ms = 2592000000  age of the statistics below which nothing is called unused
-- param: replicas text  what the servers of --replica count
-- column: index text label
-- column: table text label
-- column: size_bytes bigint gauge bytes
-- column: scans bigint counter  of the standbys that were named too
-- column: last_scan timestamp with time zone label wide  from PostgreSQL 16 on
-- column: observed_ms double precision gauge ms  age of the statistics, where they are youngest
-- column: definition text label wide  brings it back
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: unused_index by index
-- body: otherwise
with recursive named as (
  select r.server, r.problem, r.fix, (r.counters)::jsonb as counters
  from jsonb_to_recordset(coalesce($4::text, '[]')::jsonb) as r (server text, problem text, fix text, counters text)
),
-- A standby has the same indexes under the same oids.
elsewhere as (
  select u.id, sum(u.scans) as scans, max(u.last) as last_scan
  from named as n
  cross join lateral jsonb_to_recordset(n.counters -> 'uses') as u (id oid, scans bigint, last timestamptz)
  group by u.id
),
tree as (
  select i.indexrelid, i.indexrelid as root
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  union all
  select h.inhrelid, t.root from tree as t join pg_inherits as h on h.inhparent = t.indexrelid
),
locked as (
  select l.relation from pg_locks as l where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
),
used as (
  select
    t.root,
    sum(coalesce(s.idx_scan, 0) + coalesce(e.scans, 0))::bigint as scans,
    max(greatest(s.last_idx_scan, e.last_scan)) as last_scan,
    sum(case when c.oid in (select relation from locked)
      then c.relpages * current_setting('block_size')::bigint else pg_relation_size(c.oid) end)::bigint as size_bytes,
    count(*) > 1 as partitioned
  from tree as t
  join pg_class as c on c.oid = t.indexrelid
  left join (
    select s.*
    from (select null::timestamptz as last_idx_scan) as absent
    cross join lateral (select indexrelid, idx_scan, last_idx_scan from pg_stat_user_indexes) as s
  ) as s on s.indexrelid = t.indexrelid
  left join elsewhere as e on e.id = t.indexrelid
  group by t.root
),
-- After a crash all counters start again while stats_reset of the database is empty; the shared ones then tell the restart.
observed as (
  select
    extract(epoch from clock_timestamp() - greatest(
      d.stats_reset,
      least((select stats_reset from pg_stat_bgwriter), (select stats_reset from pg_stat_archiver), (select stats_reset from pg_stat_wal))
    ))::double precision * 1000 as ms,
    -- A consumer of logical changes has indexes of its own, and a backup reads none.
    (select count(*)
      from pg_stat_replication as r
      where coalesce(r.state, '') <> 'backup'
        and not exists (select from pg_replication_slots as l where l.active_pid = r.pid and l.slot_type = 'logical')) as standbys
  from pg_stat_database as d
  where d.datname = current_database()
),
everywhere as (
  select
    count(n.server) as named,
    min(n.server) filter (where n.problem is null and not coalesce((n.counters ->> 'observed_ms')::double precision >= $3::double precision, false))
      as young_server,
    string_agg(n.problem, '; ' order by n.server) as problem,
    string_agg(distinct n.fix, '; ') as fix,
    min((n.counters ->> 'observed_ms')::double precision) as ms,
    -- A standby of a standby is connected there.
    coalesce(sum((n.counters ->> 'standbys')::bigint), 0) as standbys
  from named as n
),
doubts as (
  select
    least(o.ms, e.ms) as ms,
    e.named,
    case
      when o.ms is null or o.ms < $3::double precision then 'statistics are not old enough to call it unused'
      when pg_is_in_recovery() then 'this is a standby: the primary and other standbys may use it'
      when e.problem is not null then e.problem
      when e.young_server is not null then format('statistics of standby %s are not old enough to call it unused', e.young_server)
      when o.standbys + e.standbys > e.named then case
        when e.named = 0 then 'a standby may use it: statistics of standbys are their own'
        else format('%s standbys are connected, and %s were looked at', o.standbys + e.standbys, e.named) end
    end as reason,
    case
      when o.ms is null or o.ms < $3::double precision then 'look again later, or lower --min-window'
      when pg_is_in_recovery() then 'run it on the primary, with --replica for each standby'
      when e.problem is not null then e.fix
      when e.young_server is not null then 'look again later, or lower --min-window'
      else 'name each standby with --replica' end as fix
  from observed as o
  cross join everywhere as e
),
candidates as (
  select i.*, u.scans, u.last_scan, u.size_bytes, u.partitioned
  from used as u
  join pg_index as i on i.indexrelid = u.root
  where not i.indisunique
    and not i.indisprimary
    and not i.indisexclusion
    and not i.indisreplident
    and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    and i.indisvalid
    and u.scans <= $1::bigint
    and u.size_bytes >= $2::bigint
),
-- A foreign key looks for its rows by its columns: as long as they lead, in any order, the index serves it.
keys as (
  select c.indexrelid, string_agg(k.conname::text, ', ' order by k.conname) as names
  from candidates as c
  join pg_constraint as k on k.conrelid = c.indrelid and k.contype = 'f' and k.conparentid = 0
  where (c.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    and (c.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey
  group by c.indexrelid
)
select
  format('%I.%I', n.nspname, x.relname) as index,
  format('%I.%I', tn.nspname, t.relname) as "table",
  c.size_bytes,
  c.scans,
  c.last_scan,
  d.ms as observed_ms,
  pg_get_indexdef(c.indexrelid) as definition,
  v.verdict,
  case v.verdict
    when 'unknown' then d.reason
    when 'ok' then 'supports the foreign key ' || k.names || ': keep it'
    else concat_ws('; ',
      'not used while statistics were kept' || case when d.named > 0 then format(', on no standby of the %s named either', d.named) else '' end,
      case when c.indexprs is not null then 'its expression also feeds the planner''s statistics' end)
  end as reason,
  case v.verdict
    when 'unknown' then d.fix
    when 'warning' then format(case when c.partitioned then 'drop index %I.%I' else 'drop index concurrently %I.%I' end, n.nspname, x.relname)
  end as fix
from candidates as c
join pg_class as x on x.oid = c.indexrelid
join pg_namespace as n on n.oid = x.relnamespace
join pg_class as t on t.oid = c.indrelid
join pg_namespace as tn on tn.oid = t.relnamespace
left join keys as k on k.indexrelid = c.indexrelid
cross join doubts as d
cross join lateral (
  select case
    when k.names is not null then 'ok'
    when d.reason is not null then 'unknown'
    else 'warning'
  end as verdict
) as v
order by c.size_bytes desc, index

-- body: replica
select jsonb_build_object(
  'observed_ms', extract(epoch from clock_timestamp() - greatest(
    d.stats_reset,
    least((select stats_reset from pg_stat_bgwriter), (select stats_reset from pg_stat_archiver), (select stats_reset from pg_stat_wal))
  ))::double precision * 1000,
  'standbys', (select count(*) from pg_stat_replication as r where coalesce(r.state, '') <> 'backup'),
  'uses', (
    select coalesce(jsonb_agg(jsonb_build_object('id', s.indexrelid, 'scans', s.idx_scan, 'last', s.last_idx_scan)), '[]')
    from (
      select s.*
      from (select null::timestamptz as last_idx_scan) as absent
      cross join lateral (select indexrelid, idx_scan, last_idx_scan from pg_stat_user_indexes) as s
    ) as s
    where s.idx_scan > 0)
)::text as counters
from pg_stat_database as d
where d.datname = current_database()
