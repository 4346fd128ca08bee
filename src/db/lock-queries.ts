import type { Sql } from './session.ts';

type Keys = readonly [classKey: number, nameKey: number];

export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  /** Client address; null on a Unix socket, and where this role may not see it. */
  readonly client: string | null;
  readonly state: string | null;
  /** How long it has been in that state. */
  readonly ageSeconds: number | null;
}

export async function tryAdvisoryLock(sql: Sql, [classKey, nameKey]: Keys): Promise<boolean> {
  const [row] = await sql<
    { taken: boolean }[]
  >`select pg_try_advisory_lock(${classKey}::int4, ${nameKey}::int4) as taken`;
  return row?.taken === true;
}

export async function unlockAdvisory(sql: Sql, [classKey, nameKey]: Keys): Promise<void> {
  await sql`select pg_advisory_unlock(${classKey}::int4, ${nameKey}::int4)`;
}

export async function readHolder(sql: Sql, [classKey, nameKey]: Keys): Promise<LockHolder | undefined> {
  const [row] = await sql<LockHolder[]>`
    select lock.pid,
           coalesce(activity.application_name, '') as application,
           coalesce(activity.usename, 'unknown') as "user",
           host(activity.client_addr) as client,
           activity.state,
           extract(epoch from clock_timestamp() - activity.state_change)::float8 as "ageSeconds"
      from pg_catalog.pg_locks as lock
      left join pg_catalog.pg_stat_activity as activity on activity.pid = lock.pid
     where lock.locktype = 'advisory'
       and lock.database = (select oid from pg_catalog.pg_database where datname = current_database())
       and lock.classid = ${classKey}::int8::oid
       and lock.objid = ${nameKey}::int8::oid
       and lock.objsubid = 2
       and lock.granted
     order by lock.pid
     limit 1
  `;
  return row;
}
