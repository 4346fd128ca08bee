import type { Context } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { DataKeyRow } from '../../encryption/queries.ts';
import { recordKeyAction } from '../audit.ts';
import { markRetired } from '../retire-queries.ts';
import { changeKeys } from '../transaction.ts';
import { readState } from './plan.ts';
import type { Proof } from './proof.ts';
import type { RunRow } from './run-queries.ts';
import { markFinished, readRunAge, readTableProgress } from './run-queries.ts';

export interface FinishRequest {
  readonly run: RunRow;
  readonly proof: Proof;
  /** Counts of the process that finishes, for the report. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Retires the older keys of the type and ends the run, in one transaction with the audit rows: one for each key, and one
 * for each table, with counts and never a ciphertext.
 * @returns the retired keys; none when another process finished the run meanwhile
 * @throws OrdersyncError `partial` when another process aborted it
 */
export async function finishRun(
  ctx: Pick<Context, 'reach'>,
  session: Session,
  { run, proof, counts }: FinishRequest,
): Promise<readonly string[]> {
  return changeKeys(session, async () => {
    const { sql } = session;
    const { dataKeys } = await readState(session, run.keyType);
    const older = dataKeys.filter(({ status }) => status === 'ROTATING');
    const retired = older.map(({ keyId }) => keyId);
    const tables = await tablesOf(session, run, proof);
    const { values, rows } = proof.verified;
    const report = { ...counts, retired, tables, verified_rows: rows, verified_values: values };
    if (!(await markFinished(sql, run.id, report))) return endedElsewhere(sql, run);
    for (const key of older) await retire(session, run, key);
    for (const table of tables) {
      if (table.values === 0) continue;
      await recordKeyAction(sql, {
        action: 'ROTATE_KEY',
        resourceType: table.table,
        resourceId: run.toKeyId,
        changes: { step: 'finished', run: run.id, from: retired.join(', '), to: run.toKeyId, ...table },
      });
    }
    ctx.reach('before-finish');
    return retired;
  });
}

async function endedElsewhere(sql: Session['sql'], { id, toKeyId }: RunRow): Promise<readonly string[]> {
  if ((await readRunAge(sql, id))?.status === 'FINISHED') return [];
  throw new OrdersyncError('partial', `the rotation to ${toKeyId} was aborted by another process`, {
    hint: 'no key was retired; ordersync key rotate --resume goes on with it',
  });
}

interface FinishedTable {
  readonly table: string;
  /** Under the new key, when it was proven. */
  readonly values: number;
  /** By the chunks; what the sweep renewed is not among them. */
  readonly renewed_rows: number;
  readonly renewed_values: number;
}

async function tablesOf({ sql }: Session, run: RunRow, proof: Proof): Promise<FinishedTable[]> {
  const progress = new Map((await readTableProgress(sql, run.id)).map((row) => [row.table, row]));
  return proof.values.map(({ table, values }) => ({
    table,
    values,
    renewed_rows: progress.get(table)?.rows ?? 0,
    renewed_values: progress.get(table)?.values ?? 0,
  }));
}

async function retire({ sql }: Session, run: RunRow, { id, keyId, version, material }: DataKeyRow): Promise<void> {
  await markRetired(sql, id);
  await recordKeyAction(sql, {
    action: 'RETIRE_KEY',
    resourceType: 'encryption_keys',
    resourceId: keyId,
    changes: { version, kid: material?.kid ?? null, run: run.id },
  });
}
