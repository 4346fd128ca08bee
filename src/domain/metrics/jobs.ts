import { inTransaction } from '../../db/transaction.ts';
import type { JobStatus } from '../jobs/status/judge.ts';
import { FAILED, GRACE_MS } from '../jobs/status/judge.ts';
import { readStatus } from '../jobs/status/status.ts';
import { readOnlyMode } from '../reports/session-settings.ts';
import type { Sample } from './family.ts';
import { samples } from './family.ts';
import { JOB } from './own.ts';
import type { Look } from './own-collector.ts';
import { readableTables } from './own-collector.ts';

/** What `ordersync jobs status` says, as figures. */
export const collectJobs: Look = async ({ session }, statementTimeoutMs) => {
  const tables = await readableTables(session, ['scheduled_jobs', 'job_runs'], statementTimeoutMs);
  if (tables.problem !== undefined) return { samples: [], problem: tables.problem };
  const { jobs, doneAt, warnings } = await inTransaction(
    session,
    () => readStatus(session, { graceMs: GRACE_MS }),
    readOnlyMode(statementTimeoutMs),
  );
  return {
    samples: jobs.flatMap((status) => samplesOf(status, doneAt.get(status.job.name))),
    problem: warnings[0],
  };
};

function samplesOf({ job: { name }, state }: JobStatus, doneAt: number | undefined): Sample[] {
  return [
    ...samples(JOB.failed, FAILED.has(state), [name]),
    ...samples(JOB.overdue, state === 'overdue', [name]),
    ...samples(JOB.lastSuccess, doneAt === undefined ? undefined : doneAt / 1000, [name]),
  ];
}
