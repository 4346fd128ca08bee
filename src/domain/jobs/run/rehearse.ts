import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { simpleText } from '../../../db/text.ts';
import { setLocal } from '../../../db/transaction.ts';
import type { Job } from '../job.ts';
import type { Call } from './call.ts';
import { inJobSettings } from './call.ts';
import { jobFailure } from './failure.ts';
import { runStatements } from './statements.ts';

/** What a job would do now. */
export interface Rehearsal {
  /** `counted` in a read-only transaction, or carried out and `rolled back`; `not possible` for statements like VACUUM. */
  readonly how: 'counted' | 'rolled back' | 'not possible';
  readonly call: Call | undefined;
}

interface Limits {
  readonly lockTimeoutMs: number;
  readonly maxTimeMs: number;
}

/**
 * Asks a job what it would do. The schema's functions count instead of working, and the server itself sees to it that
 * nothing is written. A statement that knows nothing of rehearsals is carried out and rolled back.
 */
export async function rehearseJob(session: Session, job: Job, limits: Limits): Promise<Rehearsal> {
  try {
    return { how: 'counted', call: await attempt(session, job, { ...limits, mode: 'read only' }) };
  } catch (error) {
    if (isAlone(error)) return { how: 'not possible', call: undefined };
    if (sqlstateOf(error) !== SQLSTATE.readOnlyTransaction || session.server.inRecovery) throw jobFailure(job, error);
  }
  try {
    return { how: 'rolled back', call: await attempt(session, job, { ...limits, mode: 'read write' }) };
  } catch (error) {
    if (isAlone(error)) return { how: 'not possible', call: undefined };
    throw jobFailure(job, error);
  }
}

/** It wants no transaction around it, or ends the one there is. */
function isAlone(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate === SQLSTATE.activeTransaction || sqlstate === SQLSTATE.invalidTransactionTermination;
}

async function attempt(
  session: Session,
  job: Job,
  { lockTimeoutMs, maxTimeMs, mode }: Limits & { readonly mode: 'read only' | 'read write' },
): Promise<Call> {
  await simpleText(session, `begin isolation level read committed, ${mode}`);
  try {
    await setLocal(session, 'lock_timeout', `${lockTimeoutMs}ms`);
    await setLocal(session, 'statement_timeout', `${maxTimeMs}ms`);
    return await inJobSettings(session, { job, rehearsal: true }, async () => runStatements(session, job));
  } finally {
    if (!session.lost) await simpleText(session, 'rollback');
  }
}
