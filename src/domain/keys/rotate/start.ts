import type { Context } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { operator } from '../../operator.ts';
import { recordKeyAction } from '../audit.ts';
import { insertKey, makeKey } from '../create.ts';
import { changeKeys } from '../transaction.ts';
import { cutChunks } from './chunks.ts';
import type { Decision } from './plan.ts';
import { readState } from './plan.ts';
import type { RunRow } from './run-queries.ts';
import { insertRun, markReopened, markRotating, readRuns } from './run-queries.ts';
import { rotationTables } from './tables.ts';

type Start = Extract<Decision, { kind: 'start' }>;

/**
 * Makes the next version of the key and turns the type over to it: the new one ACTIVE, the old one ROTATING, the run and its
 * chunks written down, all in one transaction. The key was wrapped, kept by the store and opened again before, so a crash at
 * any moment leaves either the old state or a run that can be resumed, and never a value under a key that nobody has.
 * @returns the run; that of another process, when it was faster; undefined when that one is through already
 */
export async function startRun(
  ctx: Pick<Context, 'keys' | 'reach'>,
  session: Session,
  { from, key }: Start,
): Promise<RunRow | undefined> {
  const store = await ctx.keys();
  const proven = await makeKey(store, key);
  ctx.reach('after-keyring-write');
  const run = await changeKeys(session, async () => {
    const { sql } = session;
    const { dataKeys, runs } = await readState(session, key.keyType);
    const running = runs.find(({ status }) => status === 'RUNNING');
    if (running !== undefined) return running;
    const active = dataKeys.find(({ status }) => status === 'ACTIVE');
    if (active?.keyId !== from.keyId) return undefined;
    await markRotating(sql, key.keyType);
    await insertKey(sql, store, proven);
    const runId = await insertRun(sql, { keyType: key.keyType, toKeyId: key.keyId, startedBy: operator() });
    const chunks = await cutChunks(session, { id: runId }, rotationTables(key.keyType));
    await recordKeyAction(sql, {
      action: 'ROTATE_KEY',
      resourceType: 'encryption_keys',
      resourceId: key.keyId,
      changes: { step: 'started', run: runId, from: from.keyId, to: key.keyId, chunks },
    });
    return findRun(await readRuns(sql), runId);
  });
  ctx.reach('after-key-flip');
  return run;
}

/** Takes up a run that was aborted; its keys are as it left them. */
export async function reopenRun(session: Session, run: RunRow): Promise<RunRow> {
  return changeKeys(session, async () => {
    const { runs } = await readState(session, run.keyType);
    const running = runs.find(({ status }) => status === 'RUNNING');
    if (running !== undefined) return running;
    if (await markReopened(session.sql, run.id)) {
      await recordKeyAction(session.sql, {
        action: 'ROTATE_KEY',
        resourceType: 'encryption_keys',
        resourceId: run.toKeyId,
        changes: { step: 'reopened', run: run.id },
      });
    }
    return findRun(await readRuns(session.sql), run.id);
  });
}

function findRun(runs: readonly RunRow[], id: string): RunRow {
  const run = runs.find((row) => row.id === id);
  if (run?.status === 'RUNNING') return run;
  throw new OrdersyncError('precondition', 'the rotation was ended by another process', {
    hint: 'see ordersync key rotate --status',
  });
}
