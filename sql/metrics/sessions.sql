-- summary: the oldest transactions, idle transactions and lock waits, as figures without sessions
-- example: ordersync monitor export
-- wants: role pg_read_all_stats  transactions of other roles are hidden
-- column: oldest_transaction_ms double precision gauge ms  age of the oldest open transaction, 0 when there is none
-- column: longest_idle_in_transaction_ms double precision gauge ms  longest time that an open transaction has done nothing
-- column: waiting_for_locks bigint gauge  sessions that wait for a lock of another one
-- column: longest_lock_wait_ms double precision gauge ms  longest time that a session has waited for a lock
-- column: prepared_transactions bigint gauge  prepared transactions of all databases
-- column: oldest_prepared_transaction_ms double precision gauge ms  age of the oldest prepared transaction
-- metrics: sessions
select
  coalesce(max(extract(epoch from clock_timestamp() - a.xact_start)), v.nothing)::double precision * 1000 as oldest_transaction_ms,
  coalesce(max(extract(epoch from clock_timestamp() - a.state_change)) filter (where a.state like 'idle in transaction%'), v.nothing)::double precision * 1000
    as longest_idle_in_transaction_ms,
  l.waiting as waiting_for_locks,
  l.longest_ms as longest_lock_wait_ms,
  p.prepared as prepared_transactions,
  p.oldest_ms as oldest_prepared_transaction_ms
from (
  select
    count(distinct w.pid) as waiting,
    coalesce(max(extract(epoch from clock_timestamp() - w.waitstart)), 0)::double precision * 1000 as longest_ms
  from pg_locks as w
  where not w.granted
) as l
cross join (
  select
    count(*) as prepared,
    coalesce(max(extract(epoch from clock_timestamp() - x.prepared)), 0)::double precision * 1000 as oldest_ms
  from pg_prepared_xacts as x
) as p
-- Where sessions are hidden, that none is seen says nothing.
cross join (select case when count(*) = count(h.backend_type) then 0 end as nothing from pg_stat_activity as h) as v
left join pg_stat_activity as a
  on a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
group by v.nothing, l.waiting, l.longest_ms, p.prepared, p.oldest_ms
