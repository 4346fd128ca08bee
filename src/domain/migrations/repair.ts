import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { compareVersions } from './file/name.ts';
import { newRunner, recordFileOutcome } from './journal.ts';
import { ensureLedger, readHistory } from './ledger.ts';
import { deleteLedgerRow, updateChecksum } from './queries.ts';
import { takeRunLock } from './run-lock.ts';
import type { MigrationState } from './states.ts';
import { readStatus } from './status.ts';

export type RepairAction =
  /** The ledger takes over the file's checksum and description. */
  | 'accept file'
  /** The file is gone: its row leaves the ledger, the objects it made stay. */
  | 'forget version'
  /** The steps of a half-run file are forgotten: its next run starts at the first statement. */
  | 'clear steps';

export interface Repair {
  readonly action: RepairAction;
  readonly version: string;
  readonly description: string;
  readonly oldChecksum: string | null;
  readonly newChecksum: string | null;
  readonly note: string;
}

/**
 * What repairing one version would write; undefined when it is well. Changes the ledger or the journal only, never the
 * schema.
 * @throws OrdersyncError usage for a version that neither files nor ledger know
 */
export async function planRepair(
  ctx: Pick<Context, 'config'>,
  session: Session,
  version: string,
): Promise<Repair | undefined> {
  const { states } = await readStatus(ctx, session);
  const state = states.find((candidate) => compareVersions(candidate.version, version) === 0);
  if (state === undefined) {
    throw new OrdersyncError('usage', `neither a file nor the ledger has version ${version}`, {
      hint: 'see: ordersync migrate status',
    });
  }
  return repairOf(state);
}

/** Writes the repair after finding, under the run lock, that it is still the one that was shown. */
export async function* applyRepair(
  ctx: Pick<Context, 'clock' | 'signal' | 'config'>,
  session: Session,
  { repair, waitMs }: { readonly repair: Repair; readonly waitMs: number },
): Work<Repair> {
  const lock = yield* takeRunLock(ctx, session, waitMs);
  try {
    await ensureLedger(session, await readHistory(session.sql));
    const fresh = await planRepair(ctx, session, repair.version);
    if (JSON.stringify(fresh) !== JSON.stringify(repair)) {
      throw new OrdersyncError('precondition', `version ${repair.version} changed since the repair was planned`, {
        hint: 'run the command again',
      });
    }
    await inTransaction(session, () => write(session, repair));
    return repair;
  } finally {
    await lock.release();
  }
}

function repairOf({ state, row, migration, version, description, steps }: MigrationState): Repair | undefined {
  const base = {
    version: row?.version ?? version,
    oldChecksum: row?.checksum ?? null,
    newChecksum: migration?.checksum ?? null,
  };
  if (state === 'partial') {
    const note = `${steps.filter((step) => step.outcome === 'done').length} statements took effect and stay; the next run starts at the first`;
    return { ...base, description, action: 'clear steps', newChecksum: base.oldChecksum, note };
  }
  if (row === undefined) return undefined;
  if (migration === undefined) {
    return {
      ...base,
      description,
      action: 'forget version',
      note: 'its row leaves the ledger; what the migration made stays',
    };
  }
  if (row.checksum === migration.checksum) return undefined;
  const note =
    row.checksum === null
      ? 'the row was written by hand; it gets the checksum of the file'
      : 'the file as it is now counts as what was applied';
  return { ...base, description: migration.description, action: 'accept file', note };
}

async function write({ sql }: Session, repair: Repair): Promise<void> {
  if (repair.action === 'accept file') await updateChecksum(sql, repair);
  else if (repair.action === 'forget version') await deleteLedgerRow(sql, repair.version);
  const outcome = repair.action === 'clear steps' ? 'cleared' : 'done';
  await recordFileOutcome(sql, { version: repair.version, direction: 'repair', outcome }, newRunner());
}
