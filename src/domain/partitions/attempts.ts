import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Watcher } from '../migrations/blockers.ts';
import { createWatcher, describeBlocker, firstLookMs, whileWatching } from '../migrations/blockers.ts';

/** How a change of partitions behaves towards everybody else. */
export interface Manners {
  /** How long anybody may be kept waiting by one attempt. */
  readonly lockTimeoutMs: number;
  /** How often an attempt is made again. */
  readonly retries: number;
}

/** One session's way of making changes that lock tables for a moment. */
export interface Changer {
  readonly ctx: Pick<Context, 'db' | 'clock' | 'signal'>;
  readonly session: Session;
  readonly manners: Manners;
  readonly watcher: Watcher;
}

export function createChanger(ctx: Changer['ctx'], session: Session, manners: Manners): Changer {
  return { ctx, session, manners, watcher: createWatcher(ctx, session.server.pid) };
}

/** Another session was in the way, or a row came to a catch-all while its month was being made. */
const RETRYABLE: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
  SQLSTATE.checkViolation,
]);

/**
 * Shares of the time that others may be kept waiting. An attempt asks for its locks for a fifth of it, later ones for up to
 * three fifths, because short statements end soon and long ones do not; once it has them, all must be done within most of it,
 * or the attempt is given up: what is left is for COMMIT. Making a month takes 10 to 40 ms of locks on an idle server.
 */
const FIRST_LOCK_SHARE = 0.2;
const MORE_PER_ATTEMPT = 0.02;
const LONGEST_LOCK_SHARE = 0.6;
const WORK_SHARE = 0.85;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** Short waits are nothing to talk about. */
const FIRST_TOLD = 5;

export interface Change<Result> {
  /** Completes "… did not get its locks": "orders 2026-03". */
  readonly what: string;
  /** Runs inside a transaction with lock_timeout set. */
  readonly work: () => Promise<Result>;
  /** Its locks may be held for as long as it takes; waiting for them stays short. */
  readonly unhurried?: boolean;
}

/**
 * Runs a change in a transaction that gives up soon when it has to wait, and again after a pause of growing, random length:
 * whoever queues behind it never waits longer than the manners allow.
 * @returns what the work returned, and how many attempts it took
 * @throws OrdersyncError `lock_held` naming the blocker after the last attempt
 */
export async function* changePatiently<Result>(
  { ctx, session, manners, watcher }: Changer,
  { what, work, unhurried = false }: Change<Result>,
): Work<{ readonly result: Result; readonly attempts: number }> {
  const { lockTimeoutMs, retries } = manners;
  for (let attempts = 1; ; attempts += 1) {
    ctx.signal.throwIfAborted();
    const share = Math.min(LONGEST_LOCK_SHARE, FIRST_LOCK_SHARE + MORE_PER_ATTEMPT * (attempts - 1));
    const waitMs = Math.max(1, Math.round(lockTimeoutMs * share));
    try {
      const changing = inTransaction(
        session,
        async () => {
          await setLocal(session, 'lock_timeout', `${waitMs}ms`);
          const longest = unhurried ? '' : `${Math.ceil(lockTimeoutMs * WORK_SHARE)}ms`;
          await setLocal(session, 'ordersync.longest_lock', longest);
          return work();
        },
        'isolation level read committed',
      );
      const result = yield* whileWatching(ctx, watcher, { work: changing, firstLookMs: firstLookMs(waitMs) });
      return { result, attempts };
    } catch (error) {
      if (!RETRYABLE.has(sqlstateOf(error))) throw error;
      if (attempts > retries) throw gaveUp(error, what, attempts, watcher);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
      if (attempts === FIRST_TOLD) {
        yield { kind: 'note', message: `${what} waits for its locks${blockedBy(watcher)}; it goes on trying` };
      }
      await ctx.clock.sleep(pauseMs, ctx.signal);
    }
  }
}

function gaveUp(error: unknown, what: string, attempts: number, watcher: Watcher): OrdersyncError {
  if (sqlstateOf(error) === SQLSTATE.checkViolation) {
    return new OrdersyncError('precondition', `${what}: rows came to the catch-all at each of ${attempts} attempts`, {
      hint: 'an application writes rows of that month: run the command again',
      sqlstate: SQLSTATE.checkViolation,
      cause: error,
    });
  }
  const why = watcher.last.length === 0 && error instanceof Error ? `: ${error.message}` : blockedBy(watcher);
  return new OrdersyncError('lock_held', `${what} did not get its locks in ${attempts} attempts${why}`, {
    hint: 'wait until that session is through, give it more attempts with --retries, or more time with --lock-timeout',
    cause: error,
    facts: { blocked_by: watcher.last.map(({ pid }) => pid) },
  });
}

function blockedBy({ last }: Watcher): string {
  return last.length === 0 ? '' : `, blocked by ${last.map(describeBlocker).join('; ')}`;
}
