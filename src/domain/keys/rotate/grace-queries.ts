import type { Sql } from '../../../db/session.ts';

/** A transaction that is open in this database. */
export interface OpenTransaction {
  /** Of a session its virtual transaction, of a prepared transaction its global id: never the same again. */
  readonly name: string;
  readonly pid: number | null;
  readonly application: string | null;
  readonly user: string | null;
}

/**
 * Transactions of other sessions, whether they have written or not. Every one holds a lock on its virtual id, which shows
 * to every role; pg_stat_activity would hide when those of other roles began.
 */
export function readOpenTransactions(sql: Sql): Promise<OpenTransaction[]> {
  return sql<OpenTransaction[]>`
    select lock.virtualxid as name,
           lock.pid,
           activity.application_name as application,
           activity.usename::text as "user"
      from pg_catalog.pg_locks lock
      join pg_catalog.pg_stat_activity activity on activity.pid = lock.pid
     where lock.locktype = 'virtualxid'
       and lock.mode = 'ExclusiveLock'
       and lock.granted
       and activity.datname = current_database()
       -- Autovacuum and the like have no role, and write no values.
       and activity.usesysid is not null
       and lock.pid <> pg_backend_pid()
     order by lock.pid`;
}

export function readPreparedTransactions(sql: Sql): Promise<OpenTransaction[]> {
  return sql<OpenTransaction[]>`
    select gid as name, null::integer as pid, null::text as application, owner::text as "user"
      from pg_catalog.pg_prepared_xacts
     where database = current_database()
     order by prepared`;
}
