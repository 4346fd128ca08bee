import type { Sql } from '../../db/session.ts';
import type { KeyType } from '../encryption/registry.ts';

export interface RunningRotation {
  readonly id: string;
  readonly toKeyId: string;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
}

/** The unfinished rotation of a type; there is at most one. */
export async function readRunningRotation(sql: Sql, type: KeyType): Promise<RunningRotation | undefined> {
  const [run] = await sql<RunningRotation[]>`
    select id,
           to_key_id as "toKeyId",
           to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "startedAt"
      from public.key_rotation_runs
     where key_type = ${type} and status = 'RUNNING'`;
  return run;
}
