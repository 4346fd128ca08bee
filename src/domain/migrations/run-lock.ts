import { once } from 'node:events';
import type { Context, Work } from '../../context.ts';
import type { HeldLock, LockHolder } from '../../db/lock.ts';
import { acquireLock, describeHolder } from '../../db/lock.ts';
import type { Session } from '../../db/session.ts';

/** One run at a time in each database: `up`, `down`, `redo`, `baseline` and `repair` take it. */
const RUN_LOCK = 'migrate';

/**
 * Takes the run lock; says whom it waits for when it has to.
 * @throws OrdersyncError lock_held after `waitMs`, naming the holder
 */
export async function* takeRunLock(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  waitMs: number,
): Work<HeldLock> {
  const waiting = new AbortController();
  const lock = acquireLock(
    { session, clock: ctx.clock },
    { name: RUN_LOCK, waitMs, signal: ctx.signal, onWait: (holder) => waiting.abort(holder) },
  );
  await Promise.race([lock, once(waiting.signal, 'abort')]);
  if (waiting.signal.aborted) {
    yield { kind: 'note', message: `waiting for ${holderOf(waiting.signal)}, which is migrating this database` };
  }
  return lock;
}

function holderOf({ reason }: AbortSignal): string {
  return reason instanceof DOMException ? 'another run' : describeHolder(reason as LockHolder); // abort(undefined) makes its own reason
}
