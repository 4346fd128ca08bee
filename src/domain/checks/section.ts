import type { Session } from '../../db/session.ts';
import { simpleText, simpleTexts } from '../../db/text.ts';
import { limitStatements } from '../../db/transaction.ts';

/**
 * Runs one check's statements in a read-only transaction of its own. Everything is set for the transaction only, because a
 * transaction pooler would hand a plain SET to the next client. It never waits long for a lock: a migration at work must
 * not be held up, and must not hold up the other checks.
 */
export async function inSection<Result>(
  session: Session,
  limitMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  await simpleTexts(session, [
    'begin read only',
    limitStatements(limitMs),
    'set local lock_timeout = 200',
    'set local row_security = off',
    'set local jit = off',
    'set local max_parallel_workers_per_gather = 0',
    'set local search_path = pg_catalog, pg_temp',
  ]);
  try {
    return await work();
  } finally {
    // Nothing was written; a rollback would be counted among those of the application.
    if (!session.lost) await simpleText(session, 'commit');
  }
}
