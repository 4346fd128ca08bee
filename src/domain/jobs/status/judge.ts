import type { History } from '../history.ts';
import type { LastRun, Registration } from '../history-queries.ts';
import type { Job } from '../job.ts';
import { cronScheduleOf } from '../pg-cron.ts';
import type { Schedule } from '../schedule.ts';
import { scheduleOf, slotAt, utcScheduleOf } from '../schedule.ts';

export type JobState =
  | 'done'
  | 'running'
  | 'waiting' // for its first time
  | 'failed'
  | 'lost' // its process ended without a word
  | 'stopped' // before all was done
  | 'overdue'
  | 'outdated' // pg_cron has another statement or time for it
  | 'unreadable';

/** How late a job may be before it is overdue, unless somebody asks for something else. */
export const GRACE_MS = 900_000;

/** States of a job whose last run did not do all there was to do. */
export const FAILED: ReadonlySet<JobState> = new Set(['failed', 'lost', 'stopped']);

/** States that somebody should look at. */
export const UNHEALTHY: ReadonlySet<JobState> = new Set([...FAILED, 'overdue', 'outdated', 'unreadable']);

export interface JobStatus {
  readonly job: Job;
  readonly state: JobState;
  readonly last: LastRun | undefined;
  readonly next: Date | undefined;
  readonly registered: boolean;
  readonly evidence: string | undefined;
  readonly fix: string | undefined;
}

export interface Known {
  /** The server's clock. */
  readonly now: number;
  /** How late a job may be. */
  readonly graceMs: number;
  readonly history: History;
  readonly registrations: readonly Registration[];
  /** Jobs whose lock somebody holds. */
  readonly held: ReadonlySet<string>;
}

interface Verdict {
  readonly state: JobState;
  readonly evidence?: string;
  readonly fix?: string;
}

/** How a job stands, the worst that can be said of it. */
export function judgeJob(job: Job, known: Known): JobStatus {
  const schedule = scheduleOf(job);
  const last = known.history.lastRun.get(job.name);
  const registration = known.registrations.find((registered) => registered.job === job.name);
  const next = typeof schedule === 'string' ? undefined : schedule.nextAfter(known.now);
  const { state, evidence, fix } = verdictOf({ job, schedule, last, registration }, known);
  return {
    job,
    state,
    last,
    next: next === undefined ? undefined : new Date(next),
    registered: registration !== undefined,
    evidence,
    fix,
  };
}

interface Facts {
  readonly job: Job;
  readonly schedule: Schedule | string;
  readonly last: LastRun | undefined;
  readonly registration: Registration | undefined;
}

function verdictOf(facts: Facts, known: Known): Verdict {
  const { job, schedule, last } = facts;
  if (typeof schedule === 'string') {
    return { state: 'unreadable', evidence: schedule, fix: 'correct its row in scheduled_jobs' };
  }
  const overdue = overdueVerdict(facts, schedule, known);
  if (last?.ending === 'RUNNING' && (last.by === 'pg_cron' || known.held.has(job.name))) {
    return overdue ?? { state: 'running' };
  }
  return (
    endingVerdict(job, last) ??
    overdue ??
    registrationVerdict(facts, known) ?? { state: last === undefined ? 'waiting' : 'done' }
  );
}

function endingVerdict({ name, command }: Job, last: LastRun | undefined): Verdict | undefined {
  const again = `ordersync jobs run ${name}`;
  switch (last?.ending) {
    case 'FAILED':
      return last.by === 'pg_cron'
        ? {
            state: 'failed',
            evidence: 'its last run by pg_cron failed',
            fix: `cron.job_run_details says why; ${again}`,
          }
        : { state: 'failed', evidence: failureText(last), fix: `${again} shows the error; its statement: ${command}` };
    case 'LOST':
    case 'RUNNING':
      return { state: 'lost', evidence: 'the process of its last run ended without a word', fix: again };
    case 'STOPPED':
      return { state: 'stopped', evidence: 'its last run stopped before all was done', fix: `${again} goes on` };
    case 'DONE':
    case undefined:
      break;
  }
  return undefined;
}

function failureText({ sqlstate }: LastRun): string {
  return sqlstate === null ? 'its last run failed' : `its last run failed with SQLSTATE ${sqlstate}`;
}

function overdueVerdict({ job, last }: Facts, schedule: Schedule, known: Known): Verdict | undefined {
  const due = missedTime(job, schedule, { last, ...known });
  // A scheduler that counts in UTC may be told another day of the month: what it still has before it is not overdue.
  const utc = utcScheduleOf(job);
  if (due === undefined || (typeof utc !== 'string' && missedTime(job, utc, { last, ...known }) === undefined)) {
    return undefined;
  }
  return {
    state: 'overdue',
    evidence: `was to run at ${new Date(due).toISOString()} and ${lastText(last)}`,
    fix:
      last?.ending === 'RUNNING'
        ? 'ordersync monitor activity shows what it waits for'
        : `ordersync jobs run ${job.name}; ordersync jobs install lets a scheduler call it`,
  };
}

function lastText(last: LastRun | undefined): string {
  if (last === undefined) return 'never ran';
  const since = new Date(last.startedAt).toISOString();
  return last.ending === 'RUNNING' ? `is still at its run of ${since}` : `last ran at ${since}`;
}

/** When it was to run last, if it did not. */
function missedTime(
  { addedAt }: Job,
  schedule: Schedule,
  { last, now, graceMs }: { readonly last: LastRun | undefined; readonly now: number; readonly graceMs: number },
): number | undefined {
  const due = schedule.lastUntil(now - graceMs);
  if (due === undefined || due < addedAt) return undefined;
  return last !== undefined && last.startedAt >= slotAt(schedule, due).from ? undefined : due;
}

function registrationVerdict({ job, registration }: Facts, { history }: Known): Verdict | undefined {
  if (registration === undefined) return undefined;
  const wanted = cronScheduleOf(job, history.pgCron.zone);
  const differences = [
    ...(registration.active ? [] : ['is switched off']),
    ...(registration.command === job.command ? [] : ['runs another statement']),
    ...(wanted === undefined || registration.schedule === wanted ? [] : [`runs at "${registration.schedule}"`]),
  ];
  if (differences.length === 0) return undefined;
  return {
    state: 'outdated',
    evidence: `in pg_cron it ${differences.join(', ')}`,
    fix: registration.active
      ? 'ordersync jobs install'
      : `select cron.alter_job(jobid, active := true) from cron.job where jobname = '${job.name}'`,
  };
}
