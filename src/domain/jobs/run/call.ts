import type { Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { setLocal } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Changer } from '../../partitions/attempts.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { setLockTimeout } from '../../partitions/rows-queries.ts';
import type { Counts, Job } from '../job.ts';
import { parseCounts } from '../job.ts';
import { readReport } from './call-queries.ts';
import { jobFailure } from './failure.ts';
import type { Result } from './statements.ts';
import { countsOf, runStatements } from './statements.ts';

/** What one call of a job did. */
export interface Call {
  readonly counts: Counts;
  /** It stopped to keep the transaction short: there is more to do. */
  readonly more: boolean;
  /** Why it did nothing. */
  readonly postponed: string | undefined;
}

/** A function that works in batches ends its transaction after about this long, and is called again. */
const CALL_TIME = '2s';

/**
 * How the server refuses, in a transaction, what wants to be alone, such as VACUUM, or to commit itself. The transaction is
 * rolled back, so that it can be run again outside of one.
 */
const OUTSIDE: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.activeTransaction,
  SQLSTATE.invalidTransactionTermination,
]);

/**
 * Calls a job once, in a transaction, again when a lock was not to be had in time.
 * @throws OrdersyncError what the statement ended with, `lock_held` after the last attempt, `interrupted`
 */
export async function* callJob(changer: Changer, job: Job): Work<Call> {
  const { session } = changer;
  try {
    const { result } = yield* changePatiently(changer, {
      what: job.name,
      work: async () => inJobSettings(session, { job, rehearsal: false }, async () => execute(session, job)),
    });
    return result;
  } catch (error) {
    if (!OUTSIDE.has(sqlstateOf(error))) throw jobFailure(job, error);
  }
  return callOutside(changer, job);
}

/** Runs the statements with the settings that the functions obey, and reads what they told. Inside a transaction. */
export async function inJobSettings(
  session: Session,
  { job, rehearsal }: { readonly job: Job; readonly rehearsal: boolean },
  work: () => Promise<readonly Result[]>,
): Promise<Call> {
  await setLocal(session, 'ordersync.job_report', '');
  await setLocal(session, 'ordersync.job_call_time', CALL_TIME);
  await setLocal(session, 'ordersync.job_rehearsal', rehearsal ? 'on' : '');
  const results = await work();
  const report = await readReport(session.sql);
  return report === '' ? callOf(results) : parseReport(job, report);
}

async function execute(session: Session, job: Job): Promise<readonly Result[]> {
  try {
    return await runStatements(session, job);
  } catch (error) {
    // A row that a CHECK refuses will be refused again; only a catch-all that got a row meanwhile is worth another attempt.
    const { constraint_name: constraint } = error as { readonly constraint_name?: unknown };
    if (sqlstateOf(error) === SQLSTATE.checkViolation && typeof constraint === 'string') throw jobFailure(job, error);
    throw error;
  }
}

async function callOutside({ session, manners }: Changer, job: Job): Promise<Call> {
  await setLockTimeout(session.sql, manners.lockTimeoutMs);
  try {
    return callOf(await runStatements(session, job));
  } catch (error) {
    throw jobFailure(job, error);
  } finally {
    if (!session.lost) await setLockTimeout(session.sql, 0);
  }
}

/** Of functions that do not tell, and of plain statements. */
function callOf(results: readonly Result[]): Call {
  return { counts: countsOf(results), more: false, postponed: undefined };
}

function parseReport({ name }: Job, text: string): Call {
  const { counts, more, postponed } = parseObject(text) ?? {};
  if (counts === undefined) {
    throw new OrdersyncError('precondition', `${name} set ordersync.job_report to something else than a report`, {
      hint: 'let its function call report_job_work()',
    });
  }
  return {
    counts: parseCounts(counts),
    more: more === true,
    postponed: typeof postponed === 'string' ? postponed : undefined,
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
