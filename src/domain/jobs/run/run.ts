import type { Context, Work } from '../../../context.ts';
import type { HeldLock } from '../../../db/lock.ts';
import { acquireLock, describeHolder, lockHolder } from '../../../db/lock.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Changer } from '../../partitions/attempts.ts';
import { createChanger } from '../../partitions/attempts.ts';
import { liftTimeouts } from '../../partitions/rows-queries.ts';
import { operator } from '../../operator.ts';
import { findJob } from '../find.ts';
import { readHistory } from '../history.ts';
import type { Counts, Job } from '../job.ts';
import { addCounts, describeCounts, lockNameOf } from '../job.ts';
import { scheduleOf, slotOf } from '../schedule.ts';
import type { Call } from './call.ts';
import { callJob } from './call.ts';
import { endRun, insertRun } from './record-queries.ts';

export interface RunRequest {
  readonly name: string;
  readonly maxTimeMs: number;
  readonly lockTimeoutMs: number;
  readonly retries: number;
  /** Do nothing when a run for this time is done already. */
  readonly ifDue: boolean;
}

export interface JobRun {
  readonly job: Job;
  /** `stopped`: the time was up before all was done. */
  readonly outcome: 'done' | 'stopped' | 'already running' | 'not due';
  readonly counts: Counts;
  readonly calls: number;
  readonly durationMs: number;
  /** Who is running it already, as people recognise a session. */
  readonly holder: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * Runs a job as a scheduler calls it: alone, again and again until nothing is left or the time is up, each call a
 * transaction of its own, and a record of it all. What another run is doing at the moment is not done twice.
 * @throws OrdersyncError of findJob; what the statement ended with: `partial` when earlier calls are kept; `interrupted`
 */
export async function* runJob(ctx: Pick<Context, 'db' | 'clock' | 'signal'>, request: RunRequest): Work<JobRun> {
  const session = await ctx.db.session();
  await liftTimeouts(session.sql);
  const { job, now, warnings } = await findJob(session, request.name);
  const nothing = { job, counts: {}, calls: 0, durationMs: 0, holder: undefined, warnings };
  const lock = await takeLock(ctx, session, job);
  if (typeof lock === 'string') return { ...nothing, outcome: 'already running', holder: lock };
  const changer = createChanger(ctx, session, request);
  try {
    // Under the lock: the run that was faster has ended, and recorded it.
    if (request.ifDue && !(await isDue(session, job, now))) return { ...nothing, outcome: 'not due' };
    return { ...nothing, ...(yield* recordedRun(changer, job, request)) };
  } finally {
    await changer.watcher.close();
    await lock.release();
  }
}

/** Who has it, when it is not to be had. */
async function takeLock(
  { clock }: Pick<Context, 'clock'>,
  session: Session,
  { name }: Job,
): Promise<HeldLock | string> {
  try {
    return await acquireLock({ session, clock }, { name: lockNameOf(name) });
  } catch (error) {
    if (!(error instanceof OrdersyncError) || error.code !== 'lock_held') throw error;
    const holder = await lockHolder(session, lockNameOf(name));
    return holder === undefined ? 'a run that has just ended' : describeHolder(holder);
  }
}

async function isDue({ sql }: Session, job: Job, now: number): Promise<boolean> {
  const schedule = scheduleOf(job);
  if (typeof schedule === 'string') {
    throw new OrdersyncError('precondition', schedule, {
      hint: 'correct the row in scheduled_jobs, or leave out --if-due',
    });
  }
  const slot = slotOf(schedule, now);
  const doneAt = (await readHistory(sql)).doneAt.get(job.name);
  return slot === undefined || doneAt === undefined || doneAt < slot.from;
}

type Ran = Omit<JobRun, 'holder' | 'warnings'>;

/** The record is there before the first call, so that a process that dies leaves a trace. */
async function* recordedRun(changer: Changer, job: Job, request: RunRequest): Work<Ran> {
  const { ctx, session } = changer;
  const { os_user: user, host } = operator();
  const run = await inTransaction(session, async () =>
    insertRun(session.sql, { job: job.name, startedBy: { os_user: user, host } }),
  );
  const start = ctx.clock.monotonicMs();
  const done: Done = { counts: {}, calls: 0 };
  try {
    const outcome = yield* repeat(changer, { job, done, endsAt: start + request.maxTimeMs });
    const ended = outcome === 'done' ? 'DONE' : 'STOPPED';
    await endRun(session.sql, run, { outcome: ended, ...done, sqlstate: undefined });
    return { job, outcome, ...done, durationMs: ctx.clock.monotonicMs() - start };
  } catch (error) {
    const failure = keptWords(error, job, done);
    if (!session.lost) {
      const sqlstate = failure instanceof OrdersyncError ? failure.details.sqlstate : undefined;
      await endRun(session.sql, run, { outcome: isStop(error) ? 'STOPPED' : 'FAILED', ...done, sqlstate });
    }
    throw failure;
  }
}

/** Nothing is wrong with the job: it was not its time. */
function isStop(error: unknown): boolean {
  return error instanceof OrdersyncError && ['interrupted', 'lock_held'].includes(error.code);
}

/** What is committed; grows call by call, also when a later one fails. */
interface Done {
  counts: Counts;
  calls: number;
}

async function* repeat(
  changer: Changer,
  { job, done, endsAt }: { readonly job: Job; readonly done: Done; readonly endsAt: number },
): Work<'done' | 'stopped'> {
  const { ctx } = changer;
  for (;;) {
    const call = yield* callJob(changer, job);
    if (call.postponed !== undefined) throw postponed(job, call.postponed);
    done.counts = addCounts(done.counts, call.counts);
    done.calls += 1;
    if (!call.more) return 'done';
    yield { kind: 'progress', label: job.name, done: rowsOf(done.counts), unit: 'rows' };
    ctx.signal.throwIfAborted();
    // A function that asks to be called again and does nothing would be called for ever.
    if (rowsOf(call.counts) === 0 || ctx.clock.monotonicMs() >= endsAt) return 'stopped';
  }
}

function rowsOf(counts: Call['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function postponed({ name }: Job, why: string): OrdersyncError {
  return new OrdersyncError('lock_held', `${name} has to wait: ${why}`, { hint: 'run it again when that is through' });
}

/** Says what earlier calls did, which is kept. */
function keptWords(error: unknown, { name }: Job, { counts, calls }: Done): unknown {
  if (!(error instanceof OrdersyncError) || calls === 0) return error;
  const code = error.code === 'interrupted' ? 'interrupted' : 'partial';
  return new OrdersyncError(code, `${error.message}; ${describeCounts(counts)} before that, which is kept`, {
    ...error.details,
    hint: error.code === 'interrupted' ? `ordersync jobs run ${name} goes on` : (error.details.hint ?? 'run it again'),
    cause: error,
  });
}
