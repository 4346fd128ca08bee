import { requireReadable } from '../../db/readable.ts';
import type { Session } from '../../db/session.ts';
import type { Job } from './job.ts';
import { readJobs } from './queries.ts';
import { localText, scheduleOf } from './schedule.ts';

export interface ListedJob {
  readonly job: Job;
  readonly next: Date | undefined;
  /** On the clocks of the job's time zone. */
  readonly nextLocal: string | undefined;
}

/** Every job with the next time it is to run. What cannot be read of one does not hide the others. */
export async function listJobs(session: Session): Promise<{
  readonly jobs: readonly ListedJob[];
  readonly problems: readonly string[];
}> {
  await requireReadable(session, [{ schema: 'public', name: 'scheduled_jobs' }]);
  const { jobs, now } = await readJobs(session.sql);
  const problems: string[] = [];
  const listed = jobs.map((job): ListedJob => {
    const schedule = scheduleOf(job);
    if (typeof schedule === 'string') problems.push(schedule);
    const next = typeof schedule === 'string' ? undefined : schedule.nextAfter(now);
    if (typeof schedule === 'string' || next === undefined) return { job, next: undefined, nextLocal: undefined };
    return { job, next: new Date(next), nextLocal: localText(schedule.zone, next) };
  });
  return { jobs: listed, problems };
}
