-- summary: sessions by state, role, application, client or database, against what the server allows
-- description: Only client sessions count against the limit; this program's own is left out. The limit is max_connections without the
-- description: places kept for superusers and, from PostgreSQL 16 on, for pg_use_reserved_connections.
-- example: ordersync monitor connections
-- example: ordersync monitor connections --by application --format json
-- example: ordersync monitor connections --check --warn-at 70%
-- wants: role pg_read_all_stats  states, clients and times of sessions of other roles are hidden
-- param: by text in state|role|application|client|database = state  what the sessions are grouped by
-- param: warn_at double precision ratio = 0.8  share of the limit from which it is a warning
-- param: crit_at double precision ratio = 0.95  share of the limit from which it is critical
-- param: idle_in_transaction double precision ms = 60000  how long a transaction may idle before it is a warning
-- column: scope text label  limit for all sessions, group for those of one group
-- column: name text label
-- column: connections bigint gauge
-- column: allowed bigint gauge  how many the server admits
-- column: used double precision gauge ratio  of what is allowed
-- column: oldest_transaction_ms double precision gauge ms  age of the oldest open transaction
-- column: longest_in_state_ms double precision gauge ms wide  longest time since a session changed its state
-- column: longest_idle_in_transaction_ms double precision gauge ms  longest time that an open transaction has done nothing
-- column: verdict text label
-- metrics: connections by scope, name
-- warn: used >= :warn_at  nearly all connections are taken => a pooler, or fewer connections of the application: ordersync monitor connections --by application
-- crit: used >= :crit_at  nearly all connections are taken => ordersync monitor connections --by application shows who holds them
-- warn: longest_idle_in_transaction_ms >= :idle_in_transaction  a transaction is open and idle: it keeps its locks and holds vacuum back => ordersync monitor activity shows it; alter role … set idle_in_transaction_session_timeout = '1min'
with reserved as (
  select current_setting('superuser_reserved_connections')::bigint
    + coalesce(current_setting('reserved_connections', true)::bigint, 0) as places
),
sessions as (
  select
    a.pid,
    a.backend_type is null as hidden,
    case $1::text
      when 'state' then coalesce(a.state, 'hidden')
      when 'role' then a.usename::text
      when 'application' then coalesce(nullif(a.application_name, ''), '(none)')
      when 'client' then coalesce(a.client_addr::text, case when a.backend_start is null then 'hidden' else 'local' end)
      when 'database' then a.datname::text
    end as name,
    extract(epoch from clock_timestamp() - a.xact_start)::double precision * 1000 as transaction_ms,
    extract(epoch from clock_timestamp() - a.state_change)::double precision * 1000 as state_ms,
    case when a.state like 'idle in transaction%'
      then extract(epoch from clock_timestamp() - a.state_change)::double precision * 1000 end as idle_in_transaction_ms
  from pg_stat_activity as a
  where a.pid <> pg_backend_pid()
    -- Of sessions of other roles a plain role sees the role and the database, not the kind; background processes have no database.
    and (a.backend_type = 'client backend' or a.backend_type is null and a.datid is not null)
)
select
  'limit' as scope,
  'all sessions' as name,
  count(s.pid) as connections,
  current_setting('max_connections')::bigint - r.places as allowed,
  count(s.pid)::double precision / nullif(current_setting('max_connections')::bigint - r.places, 0) as used,
  max(s.transaction_ms) as oldest_transaction_ms,
  max(s.state_ms) as longest_in_state_ms,
  max(s.idle_in_transaction_ms) as longest_idle_in_transaction_ms,
  -- How long a hidden transaction has been idle is not known. That too many are connected is, and is worse.
  case when bool_or(s.hidden) then 'unknown' else 'ok' end as verdict
from reserved as r
left join sessions as s on true
group by r.places
union all
select 'group', g.*
from (
  select
    s.name, count(*) as connections, null::bigint, null::double precision,
    max(s.transaction_ms), max(s.state_ms), null::double precision,
    case when bool_or(s.hidden) then 'unknown' else 'ok' end
  from sessions as s
  group by s.name
  order by connections desc, s.name
) as g
