import type { Context, Work } from '../../../context.ts';
import { describeHolder } from '../../../db/lock.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { liftTimeouts } from '../../partitions/rows-queries.ts';
import { readArchiveHolder, seeEveryRow, tryArchiveLock, unlockArchive } from './lock-queries.ts';

const ASK_EVERY_MS = 250;

/**
 * Readies the session for work under the archive's lock, which archives and the schema's own clean-up take. Like every
 * session lock it is asked for again and again, never waited for inside the server.
 * @throws OrdersyncError `lock_held` after `waitMs`; `precondition` on a standby, and behind a transaction pooler, where a
 *   lock would belong to nobody in particular
 */
export async function* takeArchiveLock(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  waitMs: number,
): Work<{ release(): Promise<void> }> {
  requireOwnBackend(session);
  await liftTimeouts(session.sql);
  await seeEveryRow(session.sql);
  const deadline = ctx.clock.monotonicMs() + waitMs;
  for (let told = false; !(await tryArchiveLock(session.sql)); told = true) {
    ctx.signal.throwIfAborted();
    const leftMs = deadline - ctx.clock.monotonicMs();
    const holder = await readArchiveHolder(session.sql);
    const who = holder === undefined ? 'another session' : describeHolder(holder);
    if (leftMs <= 0) {
      throw new OrdersyncError('lock_held', `an archive or a clean-up is at work: ${who}`, {
        hint: 'wait until it is through, or let this command wait with --wait',
        facts: { held_by: holder ?? null },
      });
    }
    if (!told) yield { kind: 'note', message: `waiting for ${who}, which archives or cleans up` };
    await ctx.clock.sleep(Math.min(ASK_EVERY_MS, leftMs), ctx.signal);
  }
  return {
    release: async () => {
      if (!session.lost) await unlockArchive(session.sql);
    },
  };
}

/** @throws OrdersyncError `precondition` where an archive cannot work at all */
export function requireOwnBackend({ server }: Session): void {
  if (server.inRecovery) {
    throw new OrdersyncError(
      'precondition',
      'this server is a standby: months leave the primary, and come back to it',
      {
        hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
      },
    );
  }
  if (server.pooled) {
    throw new OrdersyncError(
      'precondition',
      'a transaction pooler stands between: the lock of the archive would belong to no session in particular',
      { hint: 'give a URL that leads to the server itself, not through PgBouncer in transaction mode' },
    );
  }
}
