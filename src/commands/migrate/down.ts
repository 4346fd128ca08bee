import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { runMigrations } from '../../domain/migrations/migrate.ts';
import { prepareDown } from '../../domain/migrations/prepare-plan.ts';
import { writableSession } from '../../domain/migrations/prepare.ts';
import { migrateOptions, RUN_OPTIONS } from './options.ts';
import { appliedReport, plannedReport } from './reports.ts';

const COMMAND = 'migrate down';

export const down = defineCommand({
  name: 'down',
  summary: 'roll back the newest migration, or several',
  description:
    'Runs .down.sql files, newest first, each in a transaction together with the removal of its row in schema_migrations. ' +
    'Every down file is found and parsed before the first one runs. --all leaves schema_migrations empty and in place, with ' +
    'its journal: the history of what was applied outlives it.',
  options: {
    to: option.text('version that stays the newest applied one', { placeholder: 'version' }),
    count: option.integer('how many to roll back (1 unless --to or --all is given)', { min: 1 }),
    all: option.flag('roll back everything'),
    ...RUN_OPTIONS,
  },
  examples: ['ordersync migrate down', 'ordersync migrate down --to 012', 'ordersync migrate down --all --dry-run'],
  plan: async (ctx, request) => prepareDown(ctx, writableSession(ctx), request),
  presentPlan: ({ files }) => plannedReport(COMMAND, files, 'nothing is applied'),
  intent: ({ files }) =>
    files.length === 0
      ? undefined
      : {
          action: `roll back ${counted(files.length, 'migration')} (${files.map(({ version }) => version).join(', ')})`,
          destructive: true,
        },
  run: async function* (ctx, request, plan) {
    const session = await ctx.db.session();
    return yield* runMigrations(ctx, session, { plan, options: migrateOptions(request) });
  },
  present: ({ files }) =>
    appliedReport(COMMAND, files, [
      files.length === 0 ? 'nothing is applied' : `${counted(files.length, 'migration')} rolled back`,
    ]),
});
