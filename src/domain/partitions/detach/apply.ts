import type { Work } from '../../../context.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { simpleText } from '../../../db/text.ts';
import { OrdersyncError } from '../../../errors.ts';
import { createWatcher, firstLookMs, whileWatching } from '../../migrations/blockers.ts';
import type { Changer } from '../attempts.ts';
import { takePartitionLock } from '../run-lock.ts';
import { setLockTimeout } from '../rows-queries.ts';
import { keepCovered, requireCovered } from './cover.ts';
import { finishDetach } from './finish.ts';
import type { DetachPlan, DetachRequest } from './plan.ts';
import { planDetach, refuseDependants } from './plan.ts';
import { readAttachment } from './queries.ts';

export interface Detached {
  readonly plan: DetachPlan;
  /** The table that holds the month now. */
  readonly table: string;
}

/**
 * Takes one month out, by DETACH CONCURRENTLY: readers and writers of other months never wait. While it lasts (until all
 * transactions from before have ended) rows of the month are invisible and INSERTs of it fail; afterwards they are covered
 * again. Resumable after anything: what is there decides what is left to do.
 */
export async function* detachMonth(changer: Changer, request: DetachRequest, waitMs: number): Work<Detached> {
  const { ctx, session } = changer;
  const lock = yield* takePartitionLock(ctx, session, waitMs);
  try {
    const plan = await planDetach(session, request, ctx.clock.now().getTime());
    refuseDependants(plan);
    try {
      if (plan.attachment === 'attached') yield* detachConcurrently(changer, plan);
      yield* finishDetach(changer, plan.table, plan.partition);
      const table = yield* keepCovered(changer, plan);
      await requireCovered(changer, plan);
      return { plan, table };
    } catch (error) {
      throw await stopped(changer, plan, error);
    }
  } finally {
    await lock.release();
    await changer.watcher.close();
  }
}

/**
 * With a short lock_timeout: the last phase locks `users` and other referenced tables, and would keep their writers waiting.
 * When it gives up, the detach is left unfinished, and finishDetach() brings it to its end.
 */
async function* detachConcurrently(changer: Changer, { table, partition }: DetachPlan): Work<void> {
  const { ctx, session, manners } = changer;
  const text = `alter table ${quoteQualified(table)} detach partition ${quoteQualified(partition)} concurrently`;
  const watcher = createWatcher(ctx, session.server.pid);
  try {
    for (let attempt = 1; ; attempt += 1) {
      ctx.signal.throwIfAborted();
      await setLockTimeout(session.sql, manners.lockTimeoutMs);
      try {
        yield* whileWatching(ctx, watcher, {
          work: Promise.resolve(simpleText(session, text)),
          firstLookMs: firstLookMs(manners.lockTimeoutMs),
        });
        return;
      } catch (error) {
        if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable && sqlstateOf(error) !== SQLSTATE.deadlock) throw error;
        if ((await readAttachment(session.sql, partition)) !== 'attached') return;
        if (attempt > manners.retries) throw error;
        await ctx.clock.sleep(100 + Math.random() * 200, ctx.signal);
      } finally {
        if (!session.lost) await setLockTimeout(session.sql, 0);
      }
    }
  } finally {
    await watcher.close();
  }
}

/** What is left behind decides between "nothing changed" and "stopped part way". */
async function stopped({ session }: Changer, { attachment, partition }: DetachPlan, error: unknown): Promise<unknown> {
  const described = describeServerError(error);
  if (described === undefined || session.lost || ['interrupted', 'connection'].includes(described.code)) return error;
  const now = await readAttachment(session.sql, partition);
  if (now === 'attached') return described;
  const left = now === 'pending' ? 'its detach is unfinished' : 'it is detached';
  return new OrdersyncError('partial', `${partition.name}: ${described.message}`, {
    hint: `${left}; run the same command again to go on`,
    body: [`before: ${attachment}, now: ${now}`],
    cause: error,
  });
}
