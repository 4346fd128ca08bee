import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { applyFile, applyTransaction, interruption } from './apply/file.ts';
import type { AppliedFile, ApplyOptions, ReadyFile, Run } from './apply/run.ts';
import { createWatcher } from './blockers.ts';
import type { Migration } from './file/migration.ts';
import { readInvalidIndexes } from './indexes.ts';
import { newRunner } from './journal.ts';
import type { History } from './ledger.ts';
import { ensureLedger, readHistory } from './ledger.ts';
import type { PlannedFile } from './plan.ts';
import { confirmDown, confirmUp } from './plan.ts';
import { takeRunLock } from './run-lock.ts';
import { prepareSession, restoreSession } from './settings.ts';
import { verifyResult } from './verify-result.ts';

/** What a run will do, made ready: every file read, compiled, and parsed by the server. */
export interface MigrationPlan {
  readonly migrations: readonly Migration[];
  readonly planned: readonly PlannedFile[];
  readonly files: readonly ReadyFile[];
}

export interface MigrateOptions extends ApplyOptions {
  /** How long to wait for another run, in milliseconds. */
  readonly waitMs: number;
  /** All files in one transaction instead of one each. */
  readonly singleTransaction: boolean;
}

export interface MigrationResult {
  readonly files: readonly AppliedFile[];
}

type Needs = Pick<Context, 'db' | 'clock' | 'signal'>;

/**
 * Runs a plan under the run lock, after holding it against the ledger again; then reads back what it did. Files that
 * another run applied in the meantime are left out.
 * @throws OrdersyncError lock_held, precondition (stale plan, a file failed), partial (earlier work stays), interrupted,
 * connection, checksum_mismatch
 */
export async function* runMigrations(
  ctx: Needs,
  session: Session,
  { plan, options }: { plan: MigrationPlan; options: MigrateOptions },
): Work<MigrationResult> {
  const lock = yield* takeRunLock(ctx, session, options.waitMs);
  const watcher = createWatcher(ctx, session.server.pid);
  try {
    const settings = await prepareSession(session);
    const before = await readHistory(session.sql);
    const files = stillPlanned(plan, before);
    if (files.length === 0) return { files: [] };
    await ensureLedger(session, before);
    const invalidBefore = await readInvalidIndexes(session.sql);
    const run: Run = { ctx, session, settings, watcher, runner: newRunner(), options };
    const applied = yield* applyAll(run, files, options.singleTransaction);
    await restoreSession(session, settings);
    yield* verifyResult(session.sql, files, invalidBefore);
    return { files: applied };
  } finally {
    await watcher.close();
    await lock.release();
  }
}

/** The ready files that the plan, held against the ledger of this moment, still contains. */
function stillPlanned({ planned, migrations, files }: MigrationPlan, history: History): ReadyFile[] {
  const confirm = planned[0]?.direction === 'down' ? confirmDown : confirmUp;
  const confirmed = new Set(confirm(planned, migrations, history).map((file) => file.version));
  return files.filter((file) => confirmed.has(file.version));
}

async function* applyAll(run: Run, files: readonly ReadyFile[], together: boolean): Work<AppliedFile[]> {
  if (together) return yield* applyTransaction(run, files, []);
  const applied: AppliedFile[] = [];
  for (const file of files) {
    const committed = applied.map(({ version }) => version);
    if (run.ctx.signal.aborted) throw interruption(run, file, { committed, statementsDone: 0 });
    const { file: name } = file.script;
    yield {
      kind: 'progress',
      label: 'migrations',
      done: applied.length,
      total: files.length,
      unit: 'files',
      detail: name,
    };
    applied.push(yield* applyFile(run, file, committed));
  }
  yield { kind: 'progress', label: 'migrations', done: applied.length, total: files.length, unit: 'files' };
  return applied;
}
