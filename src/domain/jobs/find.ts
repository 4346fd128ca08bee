import type { Session } from '../../db/session.ts';
import { nearest } from '../../db/settings/nearest.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Job } from './job.ts';
import { readJobs } from './queries.ts';
import { requireTrust } from './trust.ts';

export interface FoundJob {
  readonly job: Job;
  /** The server's clock when it was read. */
  readonly now: number;
  readonly warnings: readonly string[];
}

/**
 * The job of that name, when its statement may be trusted.
 * @throws OrdersyncError `usage` for a name that is none; those of requireTrust
 */
export async function findJob(session: Session, name: string): Promise<FoundJob> {
  const { jobs, now } = await readJobs(session.sql);
  const job = jobs.find((candidate) => candidate.name === name);
  if (job === undefined) throw unknownJob(name, jobs);
  return { job, now, warnings: await requireTrust(session) };
}

function unknownJob(name: string, jobs: readonly Job[]): OrdersyncError {
  const names = jobs.map((job) => job.name);
  const [closest] = nearest(name, names);
  return new OrdersyncError('usage', `there is no job "${name}"`, {
    hint: closest === undefined ? 'ordersync jobs list shows them' : `did you mean ${closest}?`,
  });
}
