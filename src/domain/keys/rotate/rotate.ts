import type { Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import type { KeyType } from '../../encryption/registry.ts';
import { badValuesOf, conclude, endingOf, waitingNeeds } from './conclude.ts';
import { followRun } from './follow.ts';
import { waitOutGrace } from './grace.ts';
import type { RotationPlan } from './plan.ts';
import { rotateChunks } from './rotate-chunks.ts';
import type { RotateRequest, Rotating, RotationNeeds, TypeRotation } from './rotation.ts';
import { added, ended, NO_WORK, requireGoingOn } from './rotation.ts';
import type { RunRow } from './run-queries.ts';
import { forgetBadValues } from './run-queries.ts';
import { reopenRun, startRun } from './start.ts';
import { readWorkers } from './status-queries.ts';
import { sweepRows } from './sweep.ts';
import type { RotationRun, RowWorkNeeds, RowWorkRequest } from './types.ts';

/**
 * Rotates one type to its end, or as far as it gets: whatever stops it, the same call goes on from there. Values that are
 * written stay written, and no key is retired before the proof.
 * @throws OrdersyncError `interrupted`; `partial` when another process aborted the run, or a session was lost
 */
export async function* rotateType(
  ctx: RotationNeeds,
  session: Session,
  { plan, request }: { readonly plan: RotationPlan; readonly request: RotateRequest },
): Work<TypeRotation> {
  const run = await beginRun(ctx, session, plan);
  if (run === undefined) return ended(plan, 'nothing to do', undefined, NO_WORK);
  try {
    const follower = await followRun(ctx, run.id);
    try {
      return yield* workOn({ ctx, session, plan, request, run, follower });
    } catch (error) {
      // Another process on the same run was faster: what stopped this one is that the work is done.
      if (follower.status === 'FINISHED') return ended(plan, 'finished', run, NO_WORK);
      throw error;
    } finally {
      await follower.stop();
    }
  } catch (error) {
    throw stoppedPartWay(run, error);
  }
}

/** Undefined when there is nothing to do. */
async function beginRun(ctx: RotationNeeds, session: Session, { decision }: RotationPlan): Promise<RunRow | undefined> {
  if (decision.kind === 'start') {
    // Before anything is written: a key that cannot be opened would leave a run that cannot go on.
    await openUsualKeys(await loadDatabaseKeys(session.sql, async () => ctx.keys()), decision.key.keyType);
    return startRun(ctx, session, decision);
  }
  if (decision.kind !== 'resume' && decision.kind !== 'reopen') return undefined;
  const run = decision.kind === 'reopen' ? await reopenRun(session, decision.run) : decision.run;
  // Another process may be counting on what it found; alone, this one judges every value anew.
  if ((await readWorkers(session.sql)).length === 0) await forgetBadValues(session.sql, run.id);
  return run;
}

async function* workOn(rotating: Rotating): Work<TypeRotation> {
  const { ctx, session, plan, request, run } = rotating;
  const keys = await loadDatabaseKeys(session.sql, async () => ctx.keys());
  await openUsualKeys(keys, plan.keyType);
  const needs = rowWorkNeeds(rotating, keys);
  const row = await rowWorkRequest(rotating, keys);
  yield { kind: 'note', message: `rotating ${plan.keyType} to ${run.toKeyId}, run ${run.id}` };
  const chunks = requireGoingOn(rotating, yield* rotateChunks(needs, row));
  if (plan.everyTable) {
    yield* waitOutGrace(waitingNeeds(rotating), session, { runId: run.id, graceMs: request.graceMs });
    requireGoingOn(rotating, chunks);
    return yield* conclude(rotating, { needs, row, before: chunks });
  }
  const work = added(chunks, requireGoingOn(rotating, yield* sweepRows(needs, row)));
  const bad = await badValuesOf(rotating);
  return { ...ended(plan, endingOf(work, bad.count, []) ?? 'tables done', run, work), bad };
}

/** Afterwards the key store may be down: these are the keys that rows name. A retired one is opened when a row names it. */
async function openUsualKeys(keys: DatabaseKeys, keyType: KeyType): Promise<void> {
  const usual = keys.dataKeys.filter((key) => key.keyType === keyType && key.status !== 'RETIRED');
  await keys.keysFor(usual.flatMap(({ material }) => (material === null ? [] : [material.kid])));
}

function rowWorkNeeds({ ctx, follower, request }: Rotating, keys: DatabaseKeys): RowWorkNeeds {
  return {
    openSession: async (session) => ctx.db.open(session),
    clock: ctx.clock,
    signal: follower.signal,
    batch: request.batch,
    keysFor: async (kids) => keys.keysFor(kids),
    reach: ctx.reach,
  };
}

async function rowWorkRequest({ plan, request, run }: Rotating, keys: DatabaseKeys): Promise<RowWorkRequest> {
  const { keyId, key } = await keys.activeKey(plan.keyType);
  if (keyId !== run.toKeyId) {
    throw new OrdersyncError('precondition', `the rotation leads to ${run.toKeyId}, but ${keyId} is active`, {
      hint: 'another process changed the keys; see ordersync key list',
    });
  }
  const target: RotationRun = { id: run.id, keyType: plan.keyType, to: { keyId, key } };
  return { run: target, tables: plan.tables, jobs: request.jobs, pace: request.pace };
}

/** After the new key is ACTIVE a lost connection is no failure to connect: what is done is kept. */
function stoppedPartWay({ keyType, toKeyId }: RunRow, error: unknown): unknown {
  if (!(error instanceof OrdersyncError)) return error;
  const hint = `ordersync key rotate --type ${keyType} --resume goes on where it stopped`;
  if (error.code === 'interrupted') return new OrdersyncError('interrupted', error.message, { ...error.details, hint });
  if (error.code !== 'connection') return error;
  const message = `the rotation to ${toKeyId} stopped part way: ${error.message}`;
  return new OrdersyncError('partial', message, { ...error.details, hint, cause: error });
}
