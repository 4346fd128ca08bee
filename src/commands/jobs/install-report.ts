import { counted } from '../../counted.ts';
import type { InstallPlan, WrittenPlan } from '../../domain/jobs/install/plan.ts';
import type { PlannedRegistration } from '../../domain/jobs/install/registrations.ts';
import type { Report } from '../../output/report.ts';

type CronPlan = Extract<InstallPlan, { readonly kind: 'pg_cron' }>;

/** What pg_cron is to know, or what it was found to know afterwards. */
export function registrationReport({ pgCron, jobs, warnings }: CronPlan, tense: 'planned' | 'done'): Report {
  const impossible = jobs.filter(({ schedule }) => schedule === undefined);
  const missing = jobs.filter(({ schedule, now }) => schedule !== undefined && now !== 'registered');
  const registered = jobs.length - impossible.length - missing.length;
  const note =
    tense === 'planned'
      ? `${counted(missing.length, 'job')} to register; nothing was changed`
      : `${counted(registered, 'job')} registered with pg_cron, read back`;
  return {
    command: 'jobs install',
    columns: [
      { name: 'job' },
      { name: 'state', type: 'state' },
      { name: 'schedule' },
      { name: 'time_zone' },
      { name: 'statement', wide: true },
    ],
    rows: jobs.map((planned) => ({
      job: planned.job.name,
      state: stateOf(planned, tense),
      schedule: planned.schedule ?? null,
      time_zone: pgCron.zone,
      statement: planned.job.command,
    })),
    outcome: impossible.length > 0 || (tense === 'done' && missing.length > 0) ? 'unhealthy' : 'ok',
    notes: [note],
    warnings: [
      ...warnings,
      ...impossible.map(
        ({ job }) => `${job.name} is meant for ${job.timeZone}, and pg_cron counts in ${pgCron.zone}: not registered`,
      ),
      ...(tense === 'done' ? missing.map(({ job }) => `${job.name} is not in pg_cron as it should be`) : []),
    ],
  };
}

function stateOf({ schedule, now }: PlannedRegistration, tense: 'planned' | 'done'): string {
  if (schedule === undefined) return 'not possible';
  if (now === 'registered') return 'registered';
  return tense === 'done' ? now : now === 'missing' ? 'to register' : 'to change';
}

/** A crontab, or a script that writes units; for machines a row for each line or unit. */
export function writtenReport({ kind, parts, text, problems, warnings }: WrittenPlan): Report {
  return {
    command: 'jobs install',
    columns: [{ name: 'job' }, ...(kind === 'systemd' ? [{ name: 'file' }] : []), { name: 'content' }],
    rows: parts.map(({ job, file, content }) => ({ job, ...(file === undefined ? {} : { file }), content })),
    text,
    outcome: problems.length > 0 ? 'unhealthy' : 'ok',
    notes: ['nothing was installed: that is yours to do'],
    warnings: [...warnings, ...problems.map((problem) => `left out: ${problem}`)],
  };
}
