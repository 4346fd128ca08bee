import type { Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import type { TextRow } from '../../../db/text.ts';
import { simpleText } from '../../../db/text.ts';
import { setLocal } from '../../../db/transaction.ts';
import type { Changer } from '../../partitions/attempts.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { setLockTimeout } from '../../partitions/rows-queries.ts';
import type { Counts, Job } from '../job.ts';
import { parseCounts } from '../job.ts';
import { readReport } from './call-queries.ts';
import { jobFailure } from './failure.ts';

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

/** Statements that want to be alone, such as VACUUM, or to end transactions themselves. They have not begun when they say so. */
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
      work: async () => inJobSettings(session, {}, async () => execute(session, job)),
    });
    return result;
  } catch (error) {
    if (!OUTSIDE.has(sqlstateOf(error))) throw jobFailure(job, error);
  }
  return callOutside(changer, job);
}

/** Runs a statement with the settings that the functions obey, and reads what they told. Inside a transaction. */
export async function inJobSettings(
  session: Session,
  { rehearsal = false }: { readonly rehearsal?: boolean },
  statement: () => Promise<readonly Result[]>,
): Promise<Call> {
  await setLocal(session, 'ordersync.job_report', '');
  await setLocal(session, 'ordersync.job_call_time', CALL_TIME);
  await setLocal(session, 'ordersync.job_rehearsal', rehearsal ? 'on' : '');
  const results = await statement();
  const report = await readReport(session.sql);
  return report === '' ? callOf(results) : parseReport(report);
}

/** Of each statement what the server said: its command, how many rows, and the rows. */
export interface Result extends ReadonlyArray<TextRow> {
  readonly command: string;
  readonly count: number | null;
}

async function execute(session: Session, job: Job): Promise<readonly Result[]> {
  try {
    return await resultsOf(session, job);
  } catch (error) {
    // A row that a CHECK refuses will be refused again; only a catch-all that got a row meanwhile is worth another attempt.
    const { constraint_name: constraint } = error as { readonly constraint_name?: unknown };
    if (sqlstateOf(error) === SQLSTATE.checkViolation && typeof constraint === 'string') throw jobFailure(job, error);
    throw error;
  }
}

async function resultsOf(session: Session, { command }: Job): Promise<readonly Result[]> {
  // One result, or of several statements an array of results.
  const answer: unknown = await simpleText(session, command);
  return isResult(answer) ? [answer] : (answer as readonly Result[]);
}

function isResult(answer: unknown): answer is Result {
  return typeof answer === 'object' && answer !== null && 'command' in answer;
}

async function callOutside({ session, manners }: Changer, job: Job): Promise<Call> {
  await setLockTimeout(session.sql, manners.lockTimeoutMs);
  try {
    return callOf(await resultsOf(session, job));
  } catch (error) {
    throw jobFailure(job, error);
  } finally {
    if (!session.lost) await setLockTimeout(session.sql, 0);
  }
}

/** A function that does not tell, or a plain statement: what the server counted, or the one number it returned. */
export function callOf(results: readonly Result[]): Call {
  let deleted: number | undefined;
  let changed: number | undefined;
  let returned: number | undefined;
  for (const result of results) {
    const count = result.count ?? 0;
    if (result.command === 'DELETE') deleted = (deleted ?? 0) + count;
    if (['INSERT', 'UPDATE', 'MERGE'].includes(result.command)) changed = (changed ?? 0) + count;
    const [value, ...others] = result.length === 1 ? Object.values(result[0] ?? {}) : [];
    if (others.length === 0 && /^-?\d{1,15}$/.test(String(value))) returned = (returned ?? 0) + Number(value);
  }
  const counts = {
    ...(deleted === undefined ? {} : { deleted }),
    ...(changed === undefined ? {} : { changed }),
    ...(returned === undefined ? {} : { returned }),
  };
  return { counts, more: false, postponed: undefined };
}

function parseReport(text: string): Call {
  const { counts, more, postponed } = JSON.parse(text) as Readonly<Record<string, unknown>>; // report_job_work() wrote it
  return {
    counts: parseCounts(counts),
    more: more === true,
    postponed: typeof postponed === 'string' ? postponed : undefined,
  };
}
