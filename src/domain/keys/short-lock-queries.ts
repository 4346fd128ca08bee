import type { Sql } from '../../db/session.ts';

/** Who works on a table or one of its partitions, longest transaction first: `pid 4711 (application, idle in transaction)`. */
export async function readLockHolders(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ holder: string }[]>`
    select format('pid %s (%s, %s)', activity.pid, coalesce(nullif(activity.application_name, ''), 'unnamed'),
                  coalesce(activity.state, activity.backend_type, 'unknown')) as holder
      from pg_catalog.pg_stat_activity activity
     where activity.pid <> pg_backend_pid()
       and exists (
             select
               from pg_catalog.pg_locks lock
              where lock.pid = activity.pid
                and lock.granted
                and lock.locktype = 'relation'
                and lock.database = (select oid from pg_catalog.pg_database where datname = current_database())
                and coalesce(pg_partition_root(lock.relation), lock.relation)
                    = pg_catalog.to_regclass(pg_catalog.format('public.%I', ${table}::text)))
     order by activity.xact_start nulls last
     limit 3`;
  return rows.map(({ holder }) => holder);
}
