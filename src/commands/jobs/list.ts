import { defineCommand } from '../../cli/command.ts';
import { listJobs } from '../../domain/jobs/list.ts';

export const list = defineCommand({
  name: 'list',
  summary: 'every scheduled job: when it runs next, and what it does',
  description:
    'The jobs are the rows of scheduled_jobs; a row of yours is a job like the others. Schedules are cron expressions in the ' +
    "time zone beside them, Asia/Seoul for the schema's own.",
  examples: ['ordersync jobs list', 'ordersync jobs list --format json'],
  run: async (ctx) => listJobs(await ctx.db.session()),
  present: ({ jobs, problems }) => ({
    command: 'jobs list',
    columns: [
      { name: 'job' },
      { name: 'schedule' },
      { name: 'time_zone' },
      { name: 'next_run', type: 'time' },
      { name: 'next_run_local', wide: true },
      { name: 'what' },
      { name: 'statement', wide: true },
    ],
    rows: jobs.map(({ job, next, nextLocal }) => ({
      job: job.name,
      schedule: job.schedule,
      time_zone: job.timeZone,
      next_run: next ?? null,
      next_run_local: nextLocal ?? null,
      what: job.description,
      statement: job.command,
    })),
    warnings: problems,
  }),
});
