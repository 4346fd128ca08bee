import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type postgres from 'postgres';
import type { Sql } from '../../db/session.ts';
import { version } from '../../version.ts';
import type { Runner } from './queries.ts';
import { sendNow } from './send-now.ts';

/** A new run: everything it does carries its id in the journal. */
export function newRunner(): Runner {
  return { runId: randomUUID(), host: hostname(), toolVersion: version() };
}

/** SHA-256 of a statement's text as it is sent, hex: by it a resumed file is compared with what already ran. */
export function statementHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export interface StepKey {
  readonly version: string;
  readonly direction: 'up' | 'down';
  /** 1-based number of the statement in its file. */
  readonly step: number;
  readonly sha256: string;
}

/**
 * Written before the statement is sent; returns the row's id. A transaction of its own, because a file may have changed
 * the session's role.
 */
export async function beginStep(sql: Sql, key: StepKey, runner: Runner): Promise<string> {
  const [, , rows] = await sendNow(
    sql`begin`,
    sql`set local role none`,
    sql<{ id: string }[]>`
      insert into public.schema_migration_journal
        (run_id, version, direction, step, statement_sha256, outcome, client_host, tool_version)
      values (${runner.runId}::uuid, ${key.version}, ${key.direction}, ${key.step}, ${key.sha256}, 'started',
              ${runner.host}, ${runner.toolVersion})
      returning id::text as id`,
    sql`commit`,
  );
  return rows[0]?.id ?? '0';
}

/** Written after the statement. */
export async function endStep(
  sql: Sql,
  id: string,
  outcome: 'done' | 'failed' | 'interrupted',
  sqlstate?: string,
): Promise<void> {
  await sendNow(sql`begin`, sql`set local role none`, markStep(sql, id, outcome, sqlstate), sql`commit`);
}

/** The same inside a transaction that is open: the statement and this row are both there or neither. */
export function endStepHere(sql: Sql, id: string): Promise<unknown> {
  return sendNow(sql`set local role none`, markStep(sql, id, 'done'));
}

function markStep(sql: Sql, id: string, outcome: string, sqlstate?: string): postgres.PendingQuery<postgres.Row[]> {
  return sql`
    update public.schema_migration_journal
       set outcome = ${outcome}, sqlstate = ${sqlstate ?? null}, ended_at = clock_timestamp()
     where id = ${id}::bigint`;
}

export interface ClosedFile {
  readonly version: string;
  readonly direction: 'up' | 'down' | 'baseline' | 'repair';
  readonly outcome: 'done' | 'failed' | 'interrupted' | 'cleared';
  readonly sqlstate?: string | undefined;
}

/** A row for the whole file: a failed or interrupted attempt, a baseline, a repair. */
export function recordFileOutcome(sql: Sql, file: ClosedFile, runner: Runner): Promise<unknown> {
  return sql`
    insert into public.schema_migration_journal
      (run_id, version, direction, step, outcome, sqlstate, client_host, tool_version, ended_at)
    values (${runner.runId}::uuid, ${file.version}, ${file.direction}, 0, ${file.outcome}, ${file.sqlstate ?? null},
            ${runner.host}, ${runner.toolVersion}, clock_timestamp())`;
}
