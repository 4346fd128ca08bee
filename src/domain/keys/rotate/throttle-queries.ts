import type { Session } from '../../../db/session.ts';

/** What the server feels, at one moment. Positions are bytes of WAL since the beginning. */
export interface Pressure {
  readonly written: number;
  /** How far the last standby or replication slot is; undefined when there is none, or this role may not see it. */
  readonly replayed: number | undefined;
  /** Sessions that wait for a lock one of ours holds. */
  readonly waiters: number;
}

/** @param application application_name of the sessions that work on rows, of this process and of others */
export async function readPressure({ sql }: Session, application: string): Promise<Pressure> {
  const [row] = await sql<{ written: number; replayed: number | null; waiters: number }[]>`
    with ours as (
      select coalesce(array_agg(pid), '{}') as pids
        from pg_catalog.pg_stat_activity
       where application_name = ${application}
         and datname = current_database()
    )
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::double precision as written,
           (
             select min(pg_wal_lsn_diff(position.lsn, '0/0'))::double precision
               from (
                 select replay_lsn from pg_catalog.pg_stat_replication
                 union all
                 select coalesce(confirmed_flush_lsn, restart_lsn) from pg_catalog.pg_replication_slots
               ) position (lsn)
           ) as replayed,
           (
             -- pg_locks shows every session's waits, pg_stat_activity only to roles that may see them.
             select count(distinct waiting.pid)::integer
               from pg_catalog.pg_locks waiting
              where not waiting.granted
                and waiting.pid <> all (ours.pids)
                and pg_blocking_pids(waiting.pid) && ours.pids
           ) as waiters
      from ours`;
  return { written: row?.written ?? 0, replayed: row?.replayed ?? undefined, waiters: row?.waiters ?? 0 };
}

export async function readApplicationName({ sql }: Session): Promise<string> {
  const [row] = await sql<{ name: string }[]>`select current_setting('application_name') as name`;
  return row?.name ?? '';
}

/** Updates of these relations since the statistics were reset, and how many of them were heap-only. */
export async function readUpdates(
  { sql }: Session,
  relations: readonly number[],
): Promise<{ readonly updates: number; readonly heapOnly: number }> {
  const [row] = await sql<{ updates: number | null; heapOnly: number | null }[]>`
    select sum(n_tup_upd)::double precision as updates, sum(n_tup_hot_upd)::double precision as "heapOnly"
      from pg_catalog.pg_stat_all_tables
     where relid = any (${relations.map(String)}::text[]::oid[])`;
  return { updates: row?.updates ?? 0, heapOnly: row?.heapOnly ?? 0 };
}
