-- summary: what runs now: long transactions and statements, idle transactions, what they wait for
-- title: sessions
-- example: ordersync monitor activity
-- example: ordersync monitor activity --all --limit 100 --watch 2s
-- empty: no other session has an open transaction or runs a statement
-- wants: role pg_read_all_stats  transactions and statements of other roles are hidden
-- param: all boolean  idle sessions too
-- param: limit bigint = 30  how many sessions
-- param: long_transaction double precision ms = 300000  age of a transaction from which it is a warning
-- param: endless_transaction double precision ms = 3600000  age of a transaction from which it is critical
-- param: idle_in_transaction double precision ms = 60000  how long an open transaction may do nothing
-- column: pid integer label  for monitor cancel and monitor terminate
-- column: user text label
-- column: database text label wide
-- column: application text label
-- column: client text label wide
-- column: state text label
-- column: transaction_ms double precision gauge ms  age of the open transaction
-- column: statement_ms double precision gauge ms  since the statement began
-- column: idle_in_transaction_ms double precision gauge ms wide  how long the open transaction has done nothing
-- column: wait text label  what it waits for
-- column: xmin_age bigint gauge wide  transactions since the oldest row version that it may still see, which vacuum has to keep
-- column: query text label sql  the statement, or the last one
-- column: verdict text label
-- warn: transaction_ms >= :long_transaction  a long transaction keeps its locks and holds vacuum back => ordersync monitor cancel <pid>
-- crit: transaction_ms >= :endless_transaction  a transaction this old bloats every busy table => ordersync monitor terminate <pid>
-- warn: idle_in_transaction_ms >= :idle_in_transaction  a transaction is open and idle => ordersync monitor terminate <pid>; set idle_in_transaction_session_timeout for its role
select
  a.pid,
  a.usename::text as "user",
  a.datname::text as database,
  a.application_name as application,
  case when a.backend_type is not null then coalesce(host(a.client_addr), 'local') end as client,
  a.state,
  extract(epoch from clock_timestamp() - a.xact_start)::double precision * 1000 as transaction_ms,
  case when a.state = 'active'
    then extract(epoch from clock_timestamp() - a.query_start)::double precision * 1000 end as statement_ms,
  case when a.state like 'idle in transaction%'
    then extract(epoch from clock_timestamp() - a.state_change)::double precision * 1000 end as idle_in_transaction_ms,
  case when a.state <> 'idle' then concat_ws(': ', a.wait_event_type, a.wait_event) end as wait,
  age(a.backend_xmin)::bigint as xmin_age,
  a.query,
  case when a.backend_type is null then 'unknown' else 'ok' end as verdict
from pg_stat_activity as a
-- Of a hidden session neither its kind nor its state is told; background processes have no database.
where (a.backend_type in ('client backend', 'parallel worker', 'logical replication worker') or a.backend_type is null and a.datid is not null)
  and a.pid <> pg_backend_pid()
  and ($1::boolean or a.state is distinct from 'idle' or a.xact_start is not null)
order by a.xact_start nulls last, a.query_start, a.pid
limit $2::bigint
