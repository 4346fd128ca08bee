-- summary: statements by time, calls, reads, temporary files or WAL, of this database or all
-- description: From pg_stat_statements, summed over roles and nesting levels. Literals are masked, and the program's own statements left out.
-- description: Without the extension it shows what runs longest now, in the section running.
-- example: ordersync monitor slow-queries
-- example: ordersync monitor slow-queries --sort mean --min-mean 100ms
-- example: ordersync monitor slow-queries --window 30s --all-databases --format json
-- empty: no statement meets these limits
-- requires: extension pg_stat_statements
-- requires: setting pg_stat_statements.max
-- requires: setting compute_query_id <> off
-- requires: setting pg_stat_statements.track <> none
-- wants: role pg_read_all_stats  statements of other roles have no text and no id
-- param: sort text in total|mean|max|calls|io|temp|rows|wal = total  what comes first
-- param: min_mean double precision ms = 0  hide statements whose mean time is below this
-- param: min_calls bigint = 1  hide statements called less often
-- param: limit bigint = 20  how many statements
-- param: database text  statements of another database
-- param: all_databases boolean  statements of all databases
-- param: user text  statements of one role
-- param: id text  one statement, by its query id
-- param: baseline text  counters of an earlier snapshot
-- column: query text label sql  the statement, literals masked
-- column: calls bigint counter  how often it ran
-- column: total_ms double precision counter ms  execution time of all calls
-- column: share double precision gauge ratio  of the execution time of all statements that were looked at
-- column: mean_ms double precision gauge ms  execution time of one call
-- column: max_ms double precision gauge ms wide  longest call since the last reset
-- column: stddev_ms double precision gauge ms wide  deviation of the time of one call since the last reset
-- column: rows bigint counter wide  rows returned or changed
-- column: rows_per_call double precision gauge wide  rows of one call
-- column: hit_ratio double precision gauge ratio  blocks found in shared buffers
-- column: io_ms double precision counter ms wide  time to read and write blocks; 0 with track_io_timing off
-- column: temp_bytes bigint counter bytes wide  temporary files written
-- column: wal_bytes bigint counter bytes wide  WAL written
-- column: database text label wide  where it ran
-- column: users text label wide  roles that ran it
-- column: query_id text label  for --id and monitor explain
-- column: since timestamp with time zone label wide  when counting began
-- column: evicted bigint counter wide  statements forgotten since then for lack of room
-- column: verdict text label
-- column: reason text label
-- column: fix text label
-- metrics: statements by query_id, database
-- body: otherwise
with before as (
  select * from jsonb_to_recordset(coalesce($9::text, '[]')::jsonb) as earlier (
    dbid oid, userid oid, queryid bigint, toplevel boolean, calls bigint, total_ms double precision, rows bigint,
    hit bigint, read bigint, io_ms double precision, temp bigint, wal numeric)
),
-- A column that this version lacks is found one level further out, where it is null.
statements as (
  select s.*
  from (select null::double precision as shared_blk_read_time, null::double precision as shared_blk_write_time,
               null::double precision as local_blk_read_time, null::double precision as local_blk_write_time,
               null::double precision as blk_read_time, null::double precision as blk_write_time) as absent
  cross join lateral (
    select
      dbid, userid, queryid, toplevel, query, calls, total_exec_time, max_exec_time, stddev_exec_time, rows,
      shared_blks_hit + local_blks_hit as hit,
      shared_blks_read + local_blks_read as read,
      coalesce(shared_blk_read_time + shared_blk_write_time + local_blk_read_time + local_blk_write_time,
               blk_read_time + blk_write_time, 0) as io_ms,
      temp_blks_written as temp, wal_bytes as wal
    from pg_stat_statements
  ) as s
),
counted as (
  select
    s.dbid, s.userid, s.queryid, s.query, s.max_exec_time, s.stddev_exec_time,
    s.calls - coalesce(b.calls, 0) as calls,
    s.total_exec_time - coalesce(b.total_ms, 0) as total_ms,
    s.rows - coalesce(b.rows, 0) as rows,
    s.hit - coalesce(b.hit, 0) as hit,
    s.read - coalesce(b.read, 0) as read,
    s.io_ms - coalesce(b.io_ms, 0) as io_ms,
    s.temp - coalesce(b.temp, 0) as temp,
    s.wal - coalesce(b.wal, 0) as wal
  from statements as s
  -- After a reset between the two snapshots the earlier figures mean nothing.
  left join before as b
    on b.dbid = s.dbid and b.userid = s.userid and b.queryid = s.queryid and b.toplevel = s.toplevel and b.calls <= s.calls
  join pg_roles as r on r.oid = s.userid
  where s.query not like '%/* ordersync %'
    -- Without its id nothing of it is found in the earlier snapshot: it would show all that it ever did as done in the window.
    and (s.queryid is not null or $9::text is null)
    and ($6::boolean or s.dbid = (select oid from pg_database where datname = coalesce($5::text, current_database())))
    and ($7::text is null or r.rolname = $7)
),
summed as (
  select
    c.dbid, c.queryid,
    (array_agg(c.query order by c.calls desc))[1] as query,
    string_agg(distinct r.rolname::text, ', ') as users,
    sum(c.calls)::bigint as calls,
    sum(c.total_ms) as total_ms,
    max(c.max_exec_time) as max_ms,
    max(c.stddev_exec_time) as stddev_ms,
    sum(c.rows)::bigint as rows,
    sum(c.hit)::bigint as hit,
    sum(c.read)::bigint as read,
    sum(c.io_ms) as io_ms,
    sum(c.temp)::bigint * current_setting('block_size')::bigint as temp_bytes,
    sum(c.wal)::bigint as wal_bytes,
    sum(sum(c.total_ms)) over () as all_ms
  from counted as c
  join pg_roles as r on r.oid = c.userid
  where c.calls > 0
  group by c.dbid, c.queryid
)
select
  s.query,
  s.calls,
  s.total_ms,
  s.total_ms / nullif(s.all_ms, 0) as share,
  s.total_ms / s.calls as mean_ms,
  s.max_ms,
  s.stddev_ms,
  s.rows,
  s.rows::double precision / s.calls as rows_per_call,
  s.hit::double precision / nullif(s.hit + s.read, 0) as hit_ratio,
  s.io_ms,
  s.temp_bytes,
  s.wal_bytes,
  d.datname::text as database,
  s.users,
  s.queryid::text as query_id,
  i.stats_reset as since,
  i.dealloc as evicted,
  case when clear.password then 'warning' when s.queryid is null then 'unknown' else 'ok' end as verdict,
  case when clear.password then 'pg_stat_statements keeps a password of this statement in clear' end as reason,
  case when clear.password
    then format('change that password, then: select pg_stat_statements_reset(queryid => %s)', s.queryid) end as fix
from summed as s
left join pg_database as d on d.oid = s.dbid
cross join pg_stat_statements_info as i
-- The pattern is that of the check sec.statement-secrets: a SCRAM verifier is no password.
cross join lateral (select s.query ~* concat_ws('|',
  '\mpassword\M\s*(=|to\M)?\s*(e|u&)?(''(?!''([^'']|$))|''''(?=\w)|\$([a-z_]\w*)?\$)(?!scram-sha-256\$)',
  '\mconnection\M\s*''[^'']*\mpassword\s*=') as password) as clear
where s.total_ms / s.calls >= $2::double precision
  and s.calls >= $3::bigint
  and ($8::text is null or s.queryid::text = $8)
order by
  case $1::text
    when 'total' then s.total_ms
    when 'mean' then s.total_ms / s.calls
    when 'max' then s.max_ms
    when 'calls' then s.calls
    when 'io' then s.io_ms
    when 'temp' then s.temp_bytes
    when 'rows' then s.rows
    when 'wal' then s.wal_bytes
  end desc nulls last,
  s.queryid
limit $4::bigint

-- body: snapshot
select coalesce(jsonb_agg(jsonb_build_object(
  'dbid', s.dbid, 'userid', s.userid, 'queryid', s.queryid, 'toplevel', s.toplevel, 'calls', s.calls, 'total_ms', s.total_exec_time,
  'rows', s.rows, 'hit', s.hit, 'read', s.read, 'io_ms', s.io_ms, 'temp', s.temp_blks_written, 'wal', s.wal_bytes)), '[]')::text
from (select null::double precision as shared_blk_read_time, null::double precision as shared_blk_write_time,
             null::double precision as local_blk_read_time, null::double precision as local_blk_write_time,
             null::double precision as blk_read_time, null::double precision as blk_write_time) as absent
cross join lateral (
  select
    dbid, userid, queryid, toplevel, calls, total_exec_time, rows, temp_blks_written, wal_bytes,
    shared_blks_hit + local_blks_hit as hit,
    shared_blks_read + local_blks_read as read,
    coalesce(shared_blk_read_time + shared_blk_write_time + local_blk_read_time + local_blk_write_time,
             blk_read_time + blk_write_time, 0) as io_ms
  from pg_stat_statements
) as s
