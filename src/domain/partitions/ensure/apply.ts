import type { Work } from '../../../context.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { runText } from '../../../db/text.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { requireOwner } from '../catalog.ts';
import { nameOf } from '../locks.ts';
import { takePartitionLock } from '../run-lock.ts';
import type { EnsureStep, Problem, TablePlan } from './plan.ts';
import type { EnsureRequest } from './read.ts';
import { planEnsure } from './read.ts';

export interface CreatedPartition {
  readonly step: EnsureStep;
  readonly movedRows: number;
  readonly attempts: number;
  readonly durationMs: number;
}

export interface TableOutcome {
  readonly table: string;
  readonly created: readonly CreatedPartition[];
  readonly problem: Problem | undefined;
}

/**
 * Makes the months that are missing, each in a transaction of its own, under the project's lock; then reads the bounds back.
 * A table that fails keeps what it got and does not stop the others.
 * @throws OrdersyncError `lock_held` when another run changes partitions, `connection`, `interrupted`
 */
export async function* ensureMonths(
  changer: Changer,
  request: EnsureRequest,
  waitMs: number,
): Work<readonly TableOutcome[]> {
  const { ctx, session } = changer;
  const lock = yield* takePartitionLock(ctx, session, waitMs);
  try {
    const plans = await planEnsure(session, request);
    const total = plans.reduce((sum, { steps }) => sum + steps.length, 0);
    const outcomes: TableOutcome[] = [];
    let done = 0;
    for (const plan of plans) {
      const outcome = yield* ensureTable(changer, plan, { done, total });
      outcomes.push(outcome);
      done += plan.steps.length;
    }
    return await readBack(changer, request, outcomes);
  } finally {
    await lock.release();
    await changer.watcher.close();
  }
}

async function* ensureTable(
  changer: Changer,
  { table, steps, problem }: TablePlan,
  { done, total }: { readonly done: number; readonly total: number },
): Work<TableOutcome> {
  const created: CreatedPartition[] = [];
  const name = nameOf(table);
  try {
    if (steps.length > 0) requireOwner(table, changer.session);
    for (const step of steps) {
      created.push(yield* createPartition(changer, step));
      yield { kind: 'progress', label: 'partitions', done: done + created.length, total, unit: 'tables', detail: name };
    }
    return { table: name, created, problem };
  } catch (error) {
    return { table: name, created, problem: problemOf(error) };
  }
}

/** @param unhurried its rows may be moved however long that takes */
export async function* createPartition(changer: Changer, step: EnsureStep, unhurried = false): Work<CreatedPartition> {
  const { ctx, session, watcher } = changer;
  const start = ctx.clock.monotonicMs();
  watcher.forget();
  const { result, attempts } = yield* changePatiently(changer, {
    what: step.partition,
    unhurried,
    work: async () => runText<{ moved_rows?: string }>(session, step.sql),
  });
  const movedRows = result.reduce((sum, { moved_rows: moved = '0' }) => sum + Number(moved), 0);
  return { step, movedRows, attempts, durationMs: ctx.clock.monotonicMs() - start };
}

/** What one table suffers is told with it. @throws what would befall the others too */
export function problemOf(error: unknown): Problem {
  if (error instanceof OrdersyncError && ['interrupted', 'connection'].includes(error.code)) throw error;
  const { message, hint } = serverWords(error);
  return { message, hint: hint ?? 'the other tables are done; run the command again when this is cured' };
}

/** The schema's functions explain themselves, better than any general words for their SQLSTATE. */
function serverWords(error: unknown): { readonly message: string; readonly hint: string | undefined } {
  const hinted = error as { readonly hint?: unknown; readonly message?: unknown };
  if (!(error instanceof OrdersyncError) && typeof hinted.hint === 'string' && typeof hinted.message === 'string') {
    return { message: hinted.message, hint: hinted.hint };
  }
  const described = describeServerError(error);
  if (described === undefined) throw error;
  return { message: described.message, hint: described.details.hint };
}

/** The plan made again must be empty: the catalogue, not the absence of an error, says that the months are there. */
async function readBack(
  { session }: Changer,
  request: EnsureRequest,
  outcomes: readonly TableOutcome[],
): Promise<readonly TableOutcome[]> {
  const left = await planEnsure(session, request);
  return outcomes.map((outcome, index) => {
    const [step] = left[index]?.steps ?? [];
    if (outcome.problem !== undefined || step === undefined) return outcome;
    const problem = { message: `${step.partition} is missing again`, hint: 'another session drops partitions' };
    return { ...outcome, problem };
  });
}
