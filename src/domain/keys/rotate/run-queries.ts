import type { Sql } from '../../../db/session.ts';
import type { KeyType } from '../../encryption/registry.ts';

/** A row of key_rotation_runs. Times are ISO 8601 in UTC. */
export interface RunRow {
  readonly id: string;
  readonly keyType: KeyType;
  readonly toKeyId: string;
  readonly status: 'RUNNING' | 'FINISHED' | 'ABORTED';
  readonly startedAt: string;
  /** Since the new key became ACTIVE, by the clock of the server. */
  readonly ageMs: number;
  readonly finishedAt: string | null;
  readonly startedBy: Readonly<Record<string, string>>;
}

/** The newest run of each type, and every one that is RUNNING or ABORTED; newest first. */
export function readRuns(sql: Sql): Promise<RunRow[]> {
  return sql<RunRow[]>`
    select run.id,
           run.key_type as "keyType",
           run.to_key_id as "toKeyId",
           run.status,
           to_char(run.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "startedAt",
           (extract(epoch from now() - run.started_at) * 1000)::double precision as "ageMs",
           to_char(run.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "finishedAt",
           run.started_by as "startedBy"
      from public.key_rotation_runs run
     where run.status <> 'FINISHED'
        or not exists (select
                         from public.key_rotation_runs newer
                        where newer.key_type = run.key_type and newer.started_at > run.started_at)
     order by run.started_at desc`;
}

/** By the clock of the server; the clock of a transaction would stand still. */
export async function readRunAge(
  sql: Sql,
  runId: string,
): Promise<{ status: RunRow['status']; ageMs: number } | undefined> {
  const [row] = await sql<{ status: RunRow['status']; ageMs: number }[]>`
    select status, (extract(epoch from clock_timestamp() - started_at) * 1000)::double precision as "ageMs"
      from public.key_rotation_runs
     where id = ${runId}::uuid`;
  return row;
}

/** Who works on it from the database's side is added to what the process knows of itself. */
export async function insertRun(
  sql: Sql,
  run: { readonly keyType: KeyType; readonly toKeyId: string; readonly startedBy: Readonly<Record<string, string>> },
): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.key_rotation_runs (key_type, to_key_id, started_by)
    values (
      ${run.keyType}, ${run.toKeyId},
      ${sql.json(run.startedBy)}::jsonb || jsonb_build_object('database_role', session_user::text)
    )
    returning id`;
  return row?.id ?? '';
}

/** The ACTIVE key of the type decrypts only from now on. */
export async function markRotating(sql: Sql, keyType: KeyType): Promise<void> {
  await sql`update public.encryption_keys set status = 'ROTATING' where key_type = ${keyType} and status = 'ACTIVE'`;
}

/** @returns whether it was RUNNING */
export async function markAborted(sql: Sql, runId: string): Promise<boolean> {
  const rows = await sql`
    update public.key_rotation_runs
       set status = 'ABORTED', finished_at = now(), last_lsn = pg_current_wal_lsn()
     where id = ${runId}::uuid and status = 'RUNNING'
    returning id`;
  return rows.length === 1;
}

/** @returns whether it was ABORTED */
export async function markReopened(sql: Sql, runId: string): Promise<boolean> {
  const rows = await sql`
    update public.key_rotation_runs
       set status = 'RUNNING', finished_at = null, last_lsn = null
     where id = ${runId}::uuid and status = 'ABORTED'
    returning id`;
  return rows.length === 1;
}

/** @returns whether it was RUNNING: false when another process was faster, or the run was aborted */
export async function markFinished(sql: Sql, runId: string, report: object): Promise<boolean> {
  const rows = await sql`
    update public.key_rotation_runs
       set status = 'FINISHED', finished_at = now(), last_lsn = pg_current_wal_lsn(),
           report = ${sql.json(report as never)}::jsonb
     where id = ${runId}::uuid and status = 'RUNNING'
    returning id`;
  return rows.length === 1;
}

/** How far a run got in one table. */
export interface TableProgress {
  readonly table: string;
  readonly chunks: number;
  readonly chunksDone: number;
  /** Of the chunks; what the sweep renewed after them is not among them. */
  readonly rows: number;
  readonly values: number;
  readonly bad: number;
}

export function readTableProgress(sql: Sql, runId: string): Promise<TableProgress[]> {
  return sql<TableProgress[]>`
    select chunk.table_name as "table",
           count(*)::double precision as "chunks",
           count(chunk.done_at)::double precision as "chunksDone",
           sum(chunk.rows_renewed)::double precision as "rows",
           sum(chunk.values_renewed)::double precision as "values",
           (select count(*)
              from public.key_rotation_bad_rows bad
             where bad.run_id = ${runId}::uuid and bad.table_name = chunk.table_name)::double precision as "bad"
      from public.key_rotation_chunks chunk
     where chunk.run_id = ${runId}::uuid
     group by chunk.table_name
     order by min(chunk.chunk)`;
}

/** A value that stays as it is because it cannot be decrypted. */
export interface BadValue {
  readonly table: string;
  readonly id: string;
  readonly column: string;
  readonly reason: string;
}

export function readBadValues(sql: Sql, runId: string, limit: number): Promise<(BadValue & { total: number })[]> {
  return sql<(BadValue & { total: number })[]>`
    select table_name as "table",
           row_id as "id",
           column_name as "column",
           reason,
           count(*) over ()::double precision as "total"
      from public.key_rotation_bad_rows
     where run_id = ${runId}::uuid
     order by table_name, row_id, column_name
     limit ${limit}::integer`;
}

/** Values that an earlier attempt could not read may be readable by now. */
export async function forgetBadValues(sql: Sql, runId: string): Promise<void> {
  await sql`delete from public.key_rotation_bad_rows where run_id = ${runId}::uuid`;
}
