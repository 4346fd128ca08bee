import type { Context, Work } from '../../../context.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import { finishRun } from './finish.ts';
import { waitForTransactions } from './grace.ts';
import type { OpenTransaction } from './grace-queries.ts';
import { readOpenTransactions } from './grace-queries.ts';
import type { Proof } from './proof.ts';
import { isProven, prove } from './proof.ts';
import type { Ending, Rotating, TypeRotation } from './rotation.ts';
import { added, ended, requireGoingOn } from './rotation.ts';
import { readBadValues } from './run-queries.ts';
import { sweepRows } from './sweep.ts';
import type { RowWorkNeeds, RowWorkRequest, RowWorkResult } from './types.ts';

/** So many are named; all are counted. */
const LISTED = 100;
/** With so many sweeps behind each other, somebody still writes under the old key. */
const SWEEPS = 3;

/** Sweeps until nothing is left that can be renewed, proves it, and retires the older keys. */
export async function* conclude(
  rotating: Rotating,
  { needs, row, before }: { needs: RowWorkNeeds; row: RowWorkRequest; before: RowWorkResult },
): Work<TypeRotation> {
  const { ctx, session, plan, run } = rotating;
  const openAtEndOfGrace = await readOpenTransactions(session.sql);
  let work = before;
  for (let round = 1; ; round += 1) {
    work = added(work, requireGoingOn(rotating, yield* sweepRows(needs, row)));
    const bad = await badValuesOf(rotating);
    const open =
      work.locked.count > 0
        ? []
        : yield* waitForTransactions(waitingNeeds(rotating), session, { open: openAtEndOfGrace });
    requireGoingOn(rotating, work);
    const ending = endingOf(work, bad.count, open);
    if (ending !== undefined) return { ...ended(plan, ending, run, work), bad, open };
    const proof = yield* proofOf(rotating);
    requireGoingOn(rotating, work);
    if (isProven(proof)) {
      const { rows, values, misses, retries } = work;
      const retired = await finishRun(ctx, session, { run, proof, counts: { rows, values, misses, retries } });
      return { ...ended(plan, 'finished', run, work), proof, retired };
    }
    // One of the transactions that ended since the sweep may have left values behind it.
    if (round === SWEEPS || proof.against.length === 0) return { ...ended(plan, 'not proven', run, work), proof };
  }
}

async function* proofOf({ ctx, session, plan, request, run, follower }: Rotating): Work<Proof> {
  const { dataKeys } = await loadDatabaseKeys(session.sql, async () => ctx.keys());
  const to = dataKeys.find(({ keyId }) => keyId === run.toKeyId);
  if (to === undefined) throw new TypeError(`the key ${run.toKeyId} of a run is not there`);
  const needs = { keys: async () => ctx.keys(), signal: follower.signal };
  return yield* prove(needs, session, { tables: plan.tables, dataKeys, to, sample: request.sample });
}

export function waitingNeeds({ ctx, follower }: Rotating): Pick<Context, 'clock' | 'signal'> {
  return { clock: ctx.clock, signal: follower.signal };
}

export function endingOf(work: RowWorkResult, bad: number, open: readonly OpenTransaction[]): Ending | undefined {
  if (work.locked.count > 0) return 'rows locked';
  if (open.length > 0) return 'transactions open';
  return bad > 0 ? 'bad values' : undefined;
}

export async function badValuesOf({ session, run }: Rotating): Promise<TypeRotation['bad']> {
  const values = await readBadValues(session.sql, run.id, LISTED);
  return { count: values[0]?.total ?? 0, values };
}
