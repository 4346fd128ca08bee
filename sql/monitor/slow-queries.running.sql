-- summary: what runs longest now, because statements are not recorded
-- fallback: yes
-- empty: nothing runs now
-- wants: role pg_read_all_stats  statements of other roles are not shown
-- param: limit bigint = 20  how many statements
-- column: pid integer label  process id of the session
-- column: user text label
-- column: application text label
-- column: running_ms double precision gauge ms  since the statement began
-- column: wait text label  what it waits for
-- column: query text label sql  the statement, literals masked
select
  a.pid,
  a.usename::text as "user",
  a.application_name as application,
  extract(epoch from clock_timestamp() - a.query_start)::double precision * 1000 as running_ms,
  concat_ws(': ', a.wait_event_type, a.wait_event) as wait,
  a.query
from pg_stat_activity as a
where a.backend_type = 'client backend'
  and a.state = 'active'
  and a.pid <> pg_backend_pid()
  and a.datname = current_database()
order by a.query_start
limit $1::bigint
