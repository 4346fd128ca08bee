import type { LockHolder } from '../../../db/lock.ts';
import type { Sql } from '../../../db/session.ts';

// The key by which the schema's own functions take it too (migrations 026 and 033), so that they never run beside an archive.

export async function tryArchiveLock(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ taken: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended('ordersync archive', 0)) as taken`;
  return row?.taken === true;
}

export async function unlockArchive(sql: Sql): Promise<void> {
  await sql`select pg_advisory_unlock(hashtextextended('ordersync archive', 0))`;
}

/** A lock of one 64-bit key stands in pg_locks as its upper and lower half. */
export async function readArchiveHolder(sql: Sql): Promise<LockHolder | undefined> {
  const [row] = await sql<LockHolder[]>`
    select lock.pid,
           coalesce(activity.application_name, '') as application,
           coalesce(activity.usename, 'unknown') as "user",
           host(activity.client_addr) as client,
           activity.state,
           extract(epoch from clock_timestamp() - activity.state_change)::float8 as "ageSeconds"
      from (select hashtextextended('ordersync archive', 0) as value) key
      join pg_catalog.pg_locks as lock
        on lock.locktype = 'advisory' and lock.objsubid = 1 and lock.granted
       and lock.classid::int8 = (key.value >> 32) & 4294967295
       and lock.objid::int8 = key.value & 4294967295
      left join pg_catalog.pg_stat_activity as activity on activity.pid = lock.pid
     where lock.database = (select oid from pg_catalog.pg_database where datname = current_database())
     order by lock.pid
     limit 1`;
  return row;
}

/** Rows that row security hides would be missing in an archive and be dropped all the same: they are an error instead. */
export async function seeEveryRow(sql: Sql): Promise<void> {
  await sql`select set_config('row_security', 'off', false)`;
}
