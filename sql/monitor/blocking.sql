-- summary: who waits for whom: each waiting session once, below the one that blocks it
-- description: Sessions that hold a lock stand first, those that wait for them below, indented, under their longest chain. A lock request that
-- description: only waits blocks later ones too. The first fix to try is to cancel the statement at the root.
-- example: ordersync monitor blocking
-- example: ordersync monitor blocking --watch 1s
-- empty: nobody waits for a lock
-- wants: role pg_read_all_stats  states and statements of other roles are hidden
-- param: warn_after double precision ms = 5000  how long a session may wait before it is a warning
-- param: crit_after double precision ms = 60000  how long a session may wait before it is critical
-- column: session text label  process id, indented below the session it waits for
-- column: pid integer label wide
-- column: blocked_by text[] label wide  every session that it waits for; 0 is a prepared transaction
-- column: waiting_below bigint gauge  sessions that wait because of this one
-- column: wait_ms double precision gauge ms  how long it has waited
-- column: lock text label  what it waits for
-- column: user text label wide
-- column: application text label
-- column: state text label
-- column: transaction_ms double precision gauge ms wide
-- column: query text label sql
-- column: verdict text label
-- column: reason text label
-- column: fix text label
with recursive edges as (
  select w.pid as waiter, b.pid as blocker
  from (select distinct l.pid from pg_locks as l where not l.granted and l.pid is not null) as w
  cross join lateral unnest(pg_blocking_pids(w.pid)) as b (pid)
),
nodes as (
  select waiter as pid from edges union select blocker from edges
),
-- By pid and depth, not by path: twenty sessions that queue for one lock have a million paths.
reached as (
  select n.pid, 0 as depth from nodes as n where n.pid not in (select waiter from edges)
  union
  select e.waiter, r.depth + 1
  from reached as r
  join edges as e on e.blocker = r.pid
  where r.depth < (select count(*) from nodes)
),
placed as (
  -- A circle has no root; the server breaks it after deadlock_timeout.
  select n.pid, coalesce(max(r.depth), 0) as depth
  from nodes as n
  left join reached as r on r.pid = n.pid
  group by n.pid
),
parents as (
  select p.pid, p.depth, min(e.blocker) filter (where b.depth = p.depth - 1) as parent
  from placed as p
  left join edges as e on e.waiter = p.pid
  left join placed as b on b.pid = e.blocker
  group by p.pid, p.depth
),
tree as (
  select p.pid, 0 as level, array[p.pid] as path from parents as p where p.parent is null
  union all
  select p.pid, t.level + 1, t.path || p.pid from tree as t join parents as p on p.parent = t.pid
),
waits as (
  select distinct on (l.pid)
    l.pid,
    extract(epoch from clock_timestamp() - l.waitstart)::double precision * 1000 as wait_ms,
    concat_ws(' ',
      l.mode, 'on',
      case
        when l.locktype = 'relation' and l.database = d.oid then coalesce(l.relation::regclass::text, 'a relation')
        when l.locktype in ('tuple', 'page', 'extend') and l.database = d.oid then l.locktype || ' of ' || l.relation::regclass::text
        when l.locktype = 'transactionid' then 'a row that transaction ' || l.transactionid::text || ' changed'
        when l.locktype = 'advisory' then format('advisory %s/%s', l.classid, l.objid)
        else l.locktype
      end) as lock
  from pg_locks as l
  cross join (select oid from pg_database where datname = current_database()) as d
  where not l.granted
  order by l.pid, l.waitstart
),
below as (
  select t.pid, count(w.pid) as waiting, max(w.wait_ms) as longest_ms
  from tree as t
  left join tree as u on t.pid = any (u.path) and u.pid <> t.pid
  left join waits as w on w.pid = u.pid
  group by t.pid
)
select
  repeat('  ', t.level) || case when t.pid = 0 then 'prepared transaction' else t.pid::text end as session,
  t.pid,
  (select array_agg(e.blocker::text order by e.blocker) from edges as e where e.waiter = t.pid) as blocked_by,
  b.waiting as waiting_below,
  w.wait_ms,
  w.lock,
  a.usename::text as "user",
  a.application_name as application,
  a.state,
  extract(epoch from clock_timestamp() - a.xact_start)::double precision * 1000 as transaction_ms,
  a.query,
  case
    when t.level > 0 or b.longest_ms is null or b.longest_ms < $1::double precision then 'ok'
    when b.longest_ms < $2::double precision then 'warning'
    else 'critical'
  end as verdict,
  case when t.level = 0 and b.longest_ms >= $1::double precision then
    case when t.pid = 0 then 'a prepared transaction blocks others'
      when a.state like 'idle in transaction%' then 'its transaction is idle and blocks others'
      when a.pid is not null and a.backend_type is null then 'it blocks others, and whether it runs a statement is hidden'
      else 'it blocks others' end
  end as reason,
  case when t.level = 0 and b.longest_ms >= $1::double precision then
    case when t.pid = 0 then 'ordersync monitor activity names prepared transactions; commit prepared or rollback prepared'
      -- Cancelling ends a statement, and an idle transaction runs none.
      when a.state like 'idle in transaction%' then format('ordersync monitor terminate %s', t.pid)
      when a.pid is not null and a.backend_type is null
        then format('grant pg_read_all_stats to %I, which shows whether to cancel or to terminate %s', current_user, t.pid)
      else format('ordersync monitor cancel %s', t.pid) end
  end as fix
from tree as t
join below as b on b.pid = t.pid
left join waits as w on w.pid = t.pid
left join pg_stat_activity as a on a.pid = t.pid
order by t.path
