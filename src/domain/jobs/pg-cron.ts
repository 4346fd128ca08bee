import type { Job } from './job.ts';

const UTC_NAMES: ReadonlySet<string> = new Set(['GMT', 'UTC', 'Etc/UTC']);

/** As install_scheduled_jobs() registers a job with a pg_cron that counts in a zone; undefined when it would be another hour. */
export function cronScheduleOf({ schedule, utcSchedule, timeZone }: Job, zone: string): string | undefined {
  if (timeZone === zone) return schedule;
  return UTC_NAMES.has(zone) || schedule === utcSchedule ? utcSchedule : undefined;
}
