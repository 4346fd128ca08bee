import type { JobStatus } from '../jobs/status/judge.ts';
import { FAILED, GRACE_MS } from '../jobs/status/judge.ts';
import { readStatus } from '../jobs/status/status.ts';
import type { Check, Look, Sighting } from './check.ts';
import { ok } from './check.ts';
import { inSection } from './section.ts';

/** As `jobs status` sees it, whoever called the job; whether somebody is to call it at all is what data.jobs says. */
export const FAILED_JOBS_CHECK: Check = {
  id: 'ops.failed-jobs',
  title: 'no scheduled job has failed',
  box: 'on-call',
  profiles: ['pre-deploy', 'oncall', 'daily'],
  expected: 'the last run of every job came to its end, in the records of jobs run and of pg_cron',
  why: 'a job that fails once mostly fails each time: rows pile up, or the next month is not made',
  requires: [
    { kind: 'rows', name: 'public.scheduled_jobs' },
    { kind: 'rows', name: 'public.job_runs' },
  ],
  look,
};

async function look({ session, limitMs }: Look): Promise<readonly Sighting[]> {
  const { jobs, warnings } = await inSection(session, limitMs, async () => readStatus(session, { graceMs: GRACE_MS }));
  const failed = jobs.filter(hasFailed);
  if (failed.length > 0) return failed.map(sightingOf);
  if (warnings.length > 0) return warnings.map(unreadable);
  const waiting = jobs.filter(({ last }) => last === undefined).length;
  return [ok(`${jobs.length} jobs${waiting === 0 ? '' : `, ${waiting} of them without a record of a run`}`)];
}

/** Overdue by pg_cron's own list: its launcher does not run. Another scheduler may leave no record. */
function hasFailed({ state, registered }: JobStatus): boolean {
  return FAILED.has(state) || (state === 'overdue' && registered);
}

function sightingOf({ job, evidence }: JobStatus): Sighting {
  return {
    severity: 'warning',
    evidence: `${job.name}: ${evidence}`,
    fix: { kind: 'command', text: `ordersync jobs run ${job.name}` },
  };
}

/** `reason: statement` */
function unreadable(warning: string): Sighting {
  const [evidence = warning, text = warning] = warning.split(': ');
  return { severity: 'unknown', evidence, fix: { kind: 'sql', text } };
}
