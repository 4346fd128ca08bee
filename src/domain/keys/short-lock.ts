import type { Context, Work } from '../../context.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { readLockHolders } from './short-lock-queries.ts';

/**
 * A statement that waits for ACCESS EXCLUSIVE stalls everybody who comes after it, so it waits as long as nobody minds and
 * tries again. Every tenth time it waits longer than deadlock_timeout (1 s), after which an autovacuum gives way.
 */
const SHORT = '150ms';
const LONG = '1500ms';
const LONG_EVERY = 10;
/** With the pauses about two minutes. */
const ATTEMPTS = 100;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1500;

/** What another session caused and time may cure. */
const RETRYABLE: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
]);

export interface ShortLock {
  /** Completes "… waits for a lock": `users: adding constraints`. */
  readonly what: string;
  readonly table: string;
  /** True for a lock that lets reads and writes pass while it is waited for, such as that of VALIDATE CONSTRAINT. */
  readonly harmless?: boolean;
}

/**
 * One transaction that changes the shape of a table that is in use: tried again and again with a short lock_timeout, and
 * cancelled when the signal aborts.
 * @throws OrdersyncError `lock_held` naming who holds the table, after about two minutes
 */
export async function* withShortLock<Result>(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { what, table, harmless = false }: ShortLock,
  work: () => Promise<Result>,
): Work<Result> {
  for (let attempt = 1; ; attempt += 1) {
    ctx.signal.throwIfAborted();
    try {
      return await cancellable(ctx, session, async () =>
        inTransaction(session, async () => {
          await setLocal(session, 'lock_timeout', harmless || attempt % LONG_EVERY === 0 ? LONG : SHORT);
          await setLocal(session, 'statement_timeout', '0');
          return work();
        }),
      );
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (!RETRYABLE.has(sqlstateOf(error))) throw describeServerError(error) ?? error;
      const holders = session.lost ? [] : await readLockHolders(session.sql, table);
      if (attempt === ATTEMPTS) throw lockHeld(what, holders, error);
      if (attempt % LONG_EVERY === 1) yield { kind: 'note', message: `${what} waits for a lock${heldBy(holders)}` };
      await ctx.clock.sleep(pauseMs(attempt), ctx.signal);
    }
  }
}

async function cancellable<Result>(
  { signal }: Pick<Context, 'signal'>,
  session: Session,
  work: () => Promise<Result>,
): Promise<Result> {
  const cancel = (): void => void session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function lockHeld(what: string, holders: readonly string[], cause: unknown): OrdersyncError {
  return new OrdersyncError('lock_held', `${what} did not get its lock in ${ATTEMPTS} attempts${heldBy(holders)}`, {
    hint: 'what was done is kept; run the command again when that session is through',
    sqlstate: SQLSTATE.lockNotAvailable,
    cause,
  });
}

function heldBy(holders: readonly string[]): string {
  return holders.length === 0 ? '' : `, held by ${holders.join('; ')}`;
}

/** Doubles to a second and a half, of which a random half is taken away, so that two waiting runs do not meet again. */
function pauseMs(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 8)) * (1 - Math.random() / 2);
}
