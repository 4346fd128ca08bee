import { LOCK_CLASS } from '../../../db/lock.ts';
import type { Sql } from '../../../db/session.ts';

/** A session of a process that works on a rotation. */
export interface Worker {
  readonly pid: number;
  readonly application: string;
  readonly user: string | null;
  /** Null on a Unix socket, and where this role may not see it. */
  readonly client: string | null;
  /** Chunks it holds, or the sweep; 0 of the session that follows the run. */
  readonly locks: number;
}

/** The purpose of the session that every process keeps for as long as it works on a run. */
export const FOLLOWER = 'follow';

/**
 * Who works on rotations in this database now. Sessions and their locks end with the process, whatever ends that, and
 * application_name shows to every role.
 */
export function readWorkers(sql: Sql): Promise<Worker[]> {
  return sql<Worker[]>`
    select activity.pid,
           activity.application_name as application,
           activity.usename::text as "user",
           host(activity.client_addr) as client,
           count(lock.pid)::integer as locks
      from pg_catalog.pg_stat_activity activity
      left join pg_catalog.pg_locks lock
        on lock.pid = activity.pid
       and lock.locktype = 'advisory'
       and lock.granted
       and lock.classid::bigint = ${LOCK_CLASS}::bigint
     where activity.datname = current_database()
       and activity.application_name like 'ordersync key rotate (%'
       and activity.pid <> pg_backend_pid()
     group by activity.pid, activity.application_name, activity.usename, activity.client_addr
    having count(lock.pid) > 0 or activity.application_name like ${`%(${FOLLOWER})`}
     order by activity.pid`;
}
