import { lockKeys, tryLock } from '../../../db/lock.ts';
import { unlockAdvisory } from '../../../db/lock-queries.ts';
import type { Session } from '../../../db/session.ts';
import { simpleText } from '../../../db/text.ts';
import type { RowWork } from './row-job.ts';
import { openControlSession } from './row-session.ts';
import { tryTransactionLock } from './sweep-queries.ts';

const WAIT_MS = 300;

/**
 * Sweeps alone: two sweepers take the same rows' locks, and deadlock. Waits while another one is at it; does nothing when
 * the signal aborts first.
 */
export async function withSweepLock(work: RowWork, sweep: () => Promise<void>): Promise<void> {
  if (work.control.server.pooled) return withPooledLock(work, sweep);
  const name = lockName(work);
  if (!(await asked(work, async () => tryLock(work.control, name)))) return;
  try {
    await sweep();
  } finally {
    if (!work.control.lost) await unlockAdvisory(work.control.sql, lockKeys(name));
  }
}

/**
 * Behind a transaction pooler a lock can only belong to a transaction. This one holds nothing else: it has no transaction
 * id, and between statements no snapshot, so no row version is kept for it.
 */
async function withPooledLock(work: RowWork, sweep: () => Promise<void>): Promise<void> {
  const session = await openControlSession(work.needs);
  const keys = lockKeys(lockName(work));
  try {
    if (!(await asked(work, async () => tryInTransaction(session, keys)))) return;
    await sweep();
  } finally {
    if (!session.lost) await simpleText(session, 'rollback');
    await session.close();
  }
}

async function tryInTransaction(session: Session, keys: readonly [number, number]): Promise<boolean> {
  await simpleText(session, 'begin');
  if (await tryTransactionLock(session, keys)) return true;
  await simpleText(session, 'rollback');
  return false;
}

async function asked({ needs: { clock }, signal, say }: RowWork, ask: () => Promise<boolean>): Promise<boolean> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    if (await ask()) return true;
    if (attempt === 2) say('another process sweeps up the rest: waiting for it');
    await clock.sleep(WAIT_MS, signal);
  }
  return false;
}

function lockName({ request }: RowWork): string {
  return `key rotate ${request.run.id} sweep`;
}
