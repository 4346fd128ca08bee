import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { prepareUp } from '../../domain/migrations/prepare-plan.ts';
import { plannedReport } from './reports.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'the SQL that up would run',
  description: 'Reads with SELECT only and works on a standby. The SQL goes to stdout and can be run by psql.',
  options: {
    to: option.text('last version to apply', { placeholder: 'version' }),
    count: option.integer('at most so many files', { min: 1 }),
    allowOutOfOrder: option.flag('with files older than the newest applied one'),
  },
  examples: ['ordersync migrate plan', 'ordersync migrate plan --format json'],
  run: async (ctx, request) => prepareUp(ctx, ctx.db.session(), request),
  present: ({ files }) => plannedReport('migrate plan', files, 'nothing is pending'),
});
