import { once } from 'node:events';
import type { Context, Work } from '../../context.ts';
import type { HeldLock, LockHolder } from '../../db/lock.ts';
import { acquireLock, describeHolder } from '../../db/lock.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { liftTimeouts } from './rows-queries.ts';

/** One change of partitions at a time in each database. */
const RUN_LOCK = 'partitions';

/**
 * Readies the session for work under the run lock; says whom it waits for when it has to.
 * @throws OrdersyncError `lock_held` after `waitMs`, `precondition` on a standby and behind a transaction pooler
 */
export async function* takePartitionLock(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  waitMs: number,
): Work<HeldLock> {
  if (session.server.inRecovery) {
    throw new OrdersyncError('precondition', 'this server is a standby: partitions are changed on the primary', {
      hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
    });
  }
  await liftTimeouts(session.sql);
  const waiting = new AbortController();
  const lock = acquireLock(
    { session, clock: ctx.clock },
    { name: RUN_LOCK, waitMs, signal: ctx.signal, onWait: (holder) => waiting.abort(holder) },
  );
  await Promise.race([lock, once(waiting.signal, 'abort')]);
  if (waiting.signal.aborted) {
    yield { kind: 'note', message: `waiting for ${holderOf(waiting.signal)}, which changes partitions` };
  }
  return lock;
}

function holderOf({ reason }: AbortSignal): string {
  return reason instanceof DOMException ? 'another run' : describeHolder(reason as LockHolder); // abort(undefined) makes its own reason
}
