import type { Session } from '../../../db/session.ts';
import type { KeyType } from '../../encryption/registry.ts';
import { recordKeyAction } from '../audit.ts';
import { requireKeyRights } from '../rights.ts';
import { changeKeys } from '../transaction.ts';
import { requireRunTables } from './plan.ts';
import type { RunRow } from './run-queries.ts';
import { markAborted, readRuns } from './run-queries.ts';

/** The unfinished rotations of these types. Reads only. */
export async function planAbort(session: Session, types: readonly KeyType[]): Promise<RunRow[]> {
  await requireRunTables(session.sql);
  const running = (await readRuns(session.sql)).filter(
    ({ status, keyType }) => status === 'RUNNING' && types.includes(keyType),
  );
  if (running.length > 0) await requireKeyRights(session, 'rotate');
  return running;
}

/**
 * Ends rotations where they are. Both keys stay: the new one is ACTIVE, the old one decrypts. Processes that work on them
 * notice within seconds, and stop.
 * @returns those that this call ended; another process may have been faster
 */
export async function abortRuns(session: Session, runs: readonly RunRow[]): Promise<RunRow[]> {
  const ended: RunRow[] = [];
  for (const run of runs) {
    const aborted = await changeKeys(session, async () => {
      if (!(await markAborted(session.sql, run.id))) return false;
      await recordKeyAction(session.sql, {
        action: 'ROTATE_KEY',
        resourceType: 'encryption_keys',
        resourceId: run.toKeyId,
        changes: { step: 'aborted', run: run.id },
      });
      return true;
    });
    if (aborted) ended.push(run);
  }
  return ended;
}
