import { lockHolder } from '../../../db/lock.ts';
import { requireReadable } from '../../../db/readable.ts';
import type { Session } from '../../../db/session.ts';
import type { History } from '../history.ts';
import { readHistory } from '../history.ts';
import { readRegistrations } from '../history-queries.ts';
import type { Job } from '../job.ts';
import { lockNameOf } from '../job.ts';
import { readJobs } from '../queries.ts';
import type { JobStatus } from './judge.ts';
import { judgeJob } from './judge.ts';

/** How every job stands, by the records of `jobs run` and of pg_cron where it may be read. Reads only. */
export async function readStatus(
  session: Session,
  { graceMs }: { readonly graceMs: number },
): Promise<{
  readonly jobs: readonly JobStatus[];
  /** When the newest run of each job began that did all there was to do, in milliseconds since 1970. */
  readonly doneAt: History['doneAt'];
  readonly warnings: readonly string[];
}> {
  await requireReadable(
    session,
    ['scheduled_jobs', 'job_runs'].map((name) => ({ schema: 'public', name })),
  );
  const history = await readHistory(session.sql);
  const { pgCron } = history;
  const registrations = pgCron.readable ? await readRegistrations(session.sql) : [];
  const { jobs, now } = await readJobs(session.sql);
  const held = await heldJobs(session, jobs);
  const warnings =
    pgCron.installed && !pgCron.readable
      ? [`${session.server.user} cannot see what pg_cron did: grant usage on schema cron to ${session.server.user}`]
      : [];
  const judged = jobs.map((job) => judgeJob(job, { now, graceMs, history, registrations, held }));
  return { jobs: judged, doneAt: history.doneAt, warnings };
}

async function heldJobs(session: Session, jobs: readonly Job[]): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const { name } of jobs) {
    if ((await lockHolder(session, lockNameOf(name))) !== undefined) held.add(name);
  }
  return held;
}
