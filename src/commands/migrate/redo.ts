import { defineCommand } from '../../cli/command.ts';
import { runMigrations } from '../../domain/migrations/migrate.ts';
import { prepareRedo } from '../../domain/migrations/prepare-plan.ts';
import { writableSession } from '../../domain/migrations/prepare.ts';
import { migrateOptions, RUN_OPTIONS } from './options.ts';
import { appliedReport, plannedReport } from './reports.ts';

const COMMAND = 'migrate redo';

export const redo = defineCommand({
  name: 'redo',
  summary: 'roll the newest migration back and apply it again',
  description:
    'For a migration that is still being written: run it, look, then edit neither file before redo, or the checksum differs.',
  options: RUN_OPTIONS,
  examples: ['ordersync migrate redo', 'ordersync migrate redo --dry-run'],
  plan: async (ctx) => prepareRedo(ctx, await writableSession(ctx)),
  presentPlan: (plan) => plannedReport(COMMAND, [...plan.down.files, ...plan.up.files], 'nothing is applied'),
  intent: ({ down }) => {
    const [file] = down.files;
    return file === undefined
      ? undefined
      : { action: `roll back and apply again ${file.version} ${file.description}`, destructive: true };
  },
  run: async function* (ctx, request, plan) {
    const session = await ctx.db.session();
    const options = migrateOptions(request);
    const back = yield* runMigrations(ctx, session, { plan: plan.down, options });
    const forth = yield* runMigrations(ctx, session, { plan: plan.up, options });
    return [...back.files, ...forth.files];
  },
  present: (files) =>
    appliedReport(COMMAND, files, [files.length === 0 ? 'nothing is applied' : 'rolled back and applied again']),
});
