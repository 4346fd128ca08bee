import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import type { Registration } from '../../domain/jobs/history-queries.ts';
import { readOwnRegistrations, unregisterJobs } from '../../domain/jobs/install/registrations.ts';
import type { Report } from '../../output/report.ts';

export const uninstall = defineCommand({
  name: 'uninstall',
  summary: 'take the jobs out of pg_cron',
  description:
    'Those that this role registered under the names in scheduled_jobs; no other job of pg_cron is touched. A crontab or ' +
    'systemd timers are taken out where they were put in.',
  examples: ['ordersync jobs uninstall --dry-run', 'ordersync jobs uninstall --yes'],
  plan: async (ctx): Promise<readonly Registration[]> => readOwnRegistrations(await ctx.db.session()),
  presentPlan: (registered) =>
    registrationsReport(registered, 'to remove', [
      `${counted(registered.length, 'job')} to take out; nothing was changed`,
    ]),
  intent: (registered) =>
    registered.length === 0
      ? undefined
      : { action: `take ${counted(registered.length, 'job')} out of pg_cron`, destructive: true },
  run: async (ctx, _request, registered) =>
    registered.length === 0 ? { removed: [], left: [] } : unregisterJobs(await ctx.db.session()),
  present: ({ removed, left }) => ({
    ...registrationsReport(removed, 'removed', [
      removed.length === 0
        ? 'none of the jobs is in pg_cron'
        : `${counted(removed.length, 'job')} taken out of pg_cron`,
    ]),
    outcome: left.length === 0 ? ('ok' as const) : ('unhealthy' as const),
    warnings: left.map(({ job }) => `${job} is still there`),
  }),
});

function registrationsReport(registered: readonly Registration[], state: string, notes: readonly string[]): Report {
  return {
    command: 'jobs uninstall',
    columns: [
      { name: 'job' },
      { name: 'state', type: 'state' },
      { name: 'schedule' },
      { name: 'statement', wide: true },
    ],
    rows: registered.map(({ job, schedule, command }) => ({ job, state, schedule, statement: command })),
    notes,
  };
}
