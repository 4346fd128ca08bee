import { counted } from '../../../counted.ts';
import type { Work } from '../../../context.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import { simpleText } from '../../../db/text.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { readTableState, requireOwner } from '../catalog.ts';
import type { CheckRequest } from '../check/check.ts';
import { checkPartitions } from '../check/check.ts';
import type { Finding, Repair } from '../check/finding.ts';
import { keepCovered } from '../detach/cover.ts';
import { finishDetach } from '../detach/finish.ts';
import { planDetach } from '../detach/plan.ts';
import { createPartition, problemOf } from '../ensure/apply.ts';
import type { EnsureStep, Problem } from '../ensure/plan.ts';
import { catchAllSteps } from '../ensure/plan.ts';
import { takePartitionLock } from '../run-lock.ts';
import type { DefaultMode } from './default.ts';
import { emptyQuarantine, replaceDefault } from './default.ts';
import type { PlannedRepair } from './plan.ts';
import { monthSteps, planRepairs } from './plan.ts';
import { alignPartition } from './queries.ts';

export interface RepairOutcome {
  readonly what: string;
  /** What came of it, in words; undefined when it failed. */
  readonly done: string | undefined;
  readonly problem: Problem | undefined;
}

export interface Repaired {
  readonly outcomes: readonly RepairOutcome[];
  /** What is left afterwards, found by looking again. */
  readonly findings: readonly Finding[];
}

const MOST_ROUNDS = 3;

/**
 * Looks again under the project's lock, makes every repair that is safe, and looks once more. A repair that fails does not
 * stop the others.
 */
export async function* repairPartitions(
  changer: Changer,
  request: CheckRequest,
  { mode, waitMs }: { readonly mode: DefaultMode; readonly waitMs: number },
): Work<Repaired> {
  const { ctx, session } = changer;
  const needs = { clock: ctx.clock, session };
  const lock = yield* takePartitionLock(ctx, session, waitMs);
  try {
    const outcomes: RepairOutcome[] = [];
    let findings = await checkPartitions(needs, request);
    // A repair can uncover the next thing to repair, such as the catch-alls behind a default partition.
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      const planned = await planRepairs(session, findings, mode);
      const untried = planned.filter(({ what }) => !outcomes.some((outcome) => outcome.what === what));
      for (const repair of untried) {
        ctx.signal.throwIfAborted();
        yield { kind: 'phase', message: repair.what };
        outcomes.push(yield* repairOne(changer, repair, mode));
      }
      if (untried.length === 0) break;
      findings = await checkPartitions(needs, request);
    }
    return { outcomes, findings };
  } finally {
    await lock.release();
    await changer.watcher.close();
  }
}

async function* repairOne(changer: Changer, { repair, what }: PlannedRepair, mode: DefaultMode): Work<RepairOutcome> {
  changer.watcher.forget();
  try {
    requireOwner(repair.table, changer.session);
    return { what, done: yield* applyRepair(changer, repair, mode), problem: undefined };
  } catch (error) {
    return { what, done: undefined, problem: problemOf(error) };
  }
}

async function* applyRepair(changer: Changer, repair: Repair, mode: DefaultMode): Work<string> {
  const { session } = changer;
  switch (repair.kind) {
    case 'finish detach':
      return yield* finishAndCover(changer, repair);
    case 'default':
      return yield* replaceDefault(changer, repair, mode);
    case 'quarantine':
      return yield* emptyQuarantine(changer, repair);
    case 'months': {
      const table = await readTableState(session, quoteQualified(repair.table));
      return yield* makeAll(changer, await monthSteps(session, table, repair.span));
    }
    case 'catch-alls':
      return yield* makeAll(changer, catchAllSteps(await readTableState(session, quoteQualified(repair.table))));
    case 'align': {
      const { partition, table } = repair;
      yield* changePatiently(changer, {
        what: partition.name,
        work: async () => alignPartition(session.sql, table, partition),
      });
      return `${partition.name} is as its parent`;
    }
    default: {
      // rename
      const text = `alter table ${quoteQualified(repair.partition)} rename to ${quoteIdentifier(repair.to)}`;
      yield* changePatiently(changer, {
        what: repair.partition.name,
        work: async () => simpleText(session, text),
      });
      return `it is called ${repair.to}`;
    }
  }
}

/** The month may be the present one: somebody has detached it, and its INSERTs fail until it is covered. */
async function* finishAndCover(
  changer: Changer,
  { table, partition }: Extract<Repair, { kind: 'finish detach' }>,
): Work<string> {
  yield* finishDetach(changer, table, partition);
  if (partition.month === undefined) return `${partition.name} is a table of its own`;
  const request = { table: quoteQualified(table), month: partition.month };
  const plan = await planDetach(changer.session, request, Infinity);
  const name = yield* keepCovered(changer, plan);
  return `the rows are in the table ${name}, and new rows of ${partition.month} find a place`;
}

async function* makeAll(changer: Changer, steps: readonly EnsureStep[]): Work<string> {
  let moved = 0;
  for (const [index, step] of steps.entries()) {
    changer.ctx.signal.throwIfAborted();
    moved += (yield* createPartition(changer, step, true)).movedRows;
    yield { kind: 'progress', label: 'partitions', done: index + 1, total: steps.length, unit: 'tables' };
  }
  return `${counted(steps.length, 'partition')} made, ${counted(moved, 'row')} moved into them`;
}
