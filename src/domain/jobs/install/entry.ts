import { OrdersyncError } from '../../../errors.ts';
import type { CronExpression } from '../cron/expression.ts';
import { parseCron } from '../cron/expression.ts';
import { zoneOf } from '../cron/zone.ts';
import type { Job } from '../job.ts';

/** A job as another scheduler can be told of it: nothing in it can end a line or begin a command of its own. */
export interface Entry {
  readonly job: Job;
  readonly expression: CronExpression;
  readonly schedule: string;
  readonly utcSchedule: string;
  /** The words of the command line, unquoted. */
  readonly words: readonly string[];
}

/** What a schedule, a unit's file name and a command line can hold without any doubt. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * The jobs that can be written down, and why the others cannot.
 * @throws OrdersyncError `config` when the call itself cannot
 */
export function entriesOf(
  jobs: readonly Job[],
  call: { readonly words: readonly string[]; readonly answers: readonly string[] },
): { readonly entries: readonly Entry[]; readonly problems: readonly string[] } {
  if ([...call.words, ...call.answers].some((word) => /\p{C}/u.test(word))) {
    throw new OrdersyncError('config', 'a connection setting has a control character, which no schedule can hold');
  }
  const drafts = jobs.map((job) => entryOf(job, call));
  return {
    entries: drafts.filter((draft) => typeof draft !== 'string'),
    problems: drafts.filter((draft) => typeof draft === 'string'),
  };
}

function entryOf(job: Job, call: Parameters<typeof entriesOf>[1]): Entry | string {
  if (!PLAIN_NAME.test(job.name))
    return `${JSON.stringify(job.name)} is no name of letters, digits, ".", "_" and "-" only`;
  const expression = parseCron(job.schedule);
  if (expression === undefined) return `${job.name}: its schedule cannot be read: ${JSON.stringify(job.schedule)}`;
  if (parseCron(job.utcSchedule) === undefined) {
    return `${job.name}: its schedule in UTC cannot be read: ${JSON.stringify(job.utcSchedule)}`;
  }
  if (zoneOf(job.timeZone) === undefined) return `${job.name}: there is no time zone ${JSON.stringify(job.timeZone)}`;
  return {
    job,
    expression,
    schedule: oneLine(job.schedule),
    utcSchedule: oneLine(job.utcSchedule),
    // --if-due: of two machines that are told the same, one does the work.
    words: [...call.words, '--progress', 'none', 'jobs', 'run', job.name, '--if-due', ...call.answers],
  };
}

function oneLine(schedule: string): string {
  return schedule.trim().split(/\s+/).join(' ');
}
