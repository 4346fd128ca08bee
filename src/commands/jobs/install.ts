import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { InstallPlan } from '../../domain/jobs/install/plan.ts';
import { planInstall } from '../../domain/jobs/install/plan.ts';
import { registerJobs } from '../../domain/jobs/install/registrations.ts';
import { registrationReport, writtenReport } from './install-report.ts';

export const install = defineCommand({
  name: 'install',
  summary: 'register the jobs with pg_cron, or print a crontab or systemd timers',
  description:
    'Where pg_cron is in this database and may be used, the jobs are registered there and read back; elsewhere a crontab is ' +
    'printed. --as chooses. What is printed calls this very program for this very database at the times of each job, holds no ' +
    'password, and changes nothing until somebody installs it.',
  options: {
    as: option.choice(
      ['pg_cron', 'crontab', 'crontab-utc', 'systemd'],
      'for which scheduler; default: pg_cron where it can be used, else crontab',
    ),
  },
  examples: [
    'ordersync jobs install --dry-run',
    'ordersync jobs install --as crontab > jobs.crontab',
    'ordersync jobs install --as systemd > install-units.sh',
  ],
  plan: async (ctx: Context, request): Promise<InstallPlan> =>
    planInstall(await ctx.db.session(), { as: request.as, callAgain: ctx.config.callAgain }),
  presentPlan: (plan) => (plan.kind === 'pg_cron' ? registrationReport(plan, 'planned') : writtenReport(plan)),
  intent: (plan) => {
    if (plan.kind !== 'pg_cron') return undefined;
    const count = plan.jobs.filter(({ schedule, now }) => schedule !== undefined && now !== 'registered').length;
    return count === 0 ? undefined : { action: `register ${counted(count, 'job')} with pg_cron`, destructive: false };
  },
  run: async (ctx, _request, plan: InstallPlan): Promise<InstallPlan> =>
    plan.kind === 'pg_cron' ? { ...plan, ...(await registerJobs(await ctx.db.session())) } : plan,
  present: (plan) => (plan.kind === 'pg_cron' ? registrationReport(plan, 'done') : writtenReport(plan)),
});
