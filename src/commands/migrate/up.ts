import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { OrdersyncError } from '../../errors.ts';
import type { MigrationPlan } from '../../domain/migrations/migrate.ts';
import { runMigrations } from '../../domain/migrations/migrate.ts';
import { prepareUp } from '../../domain/migrations/prepare-plan.ts';
import { writableSession } from '../../domain/migrations/prepare.ts';
import { migrateOptions, RUN_OPTIONS } from './options.ts';
import { appliedReport, plannedReport } from './reports.ts';

const COMMAND = 'migrate up';

export const up = defineCommand({
  name: 'up',
  summary: 'apply pending migrations',
  description:
    'Every file runs in a transaction of its own, together with its row in schema_migrations; a file that begins with ' +
    '"-- ordersync: no-transaction" runs statement by statement and is resumed where it stopped. All files are parsed by the ' +
    'server before the first one runs. A statement waits for a lock no longer than --lock-timeout; then its file is rolled ' +
    'back and tried again, so that no traffic queues behind it.',
  options: {
    to: option.text('last version to apply', { placeholder: 'version' }),
    count: option.integer('apply at most so many files', { min: 1 }),
    allowOutOfOrder: option.flag('apply files older than the newest applied one too'),
    singleTransaction: option.flag('all files in one transaction'),
    ...RUN_OPTIONS,
  },
  examples: [
    'ordersync migrate up',
    'ordersync migrate up --dry-run',
    'ordersync migrate up --to 012 --lock-timeout 500ms --retries 30',
  ],
  plan: async (ctx, request): Promise<MigrationPlan> => {
    const plan = await prepareUp(ctx, writableSession(ctx), request);
    if (request.singleTransaction) refuseMixed(plan);
    return plan;
  },
  presentPlan: ({ files }) => plannedReport(COMMAND, files, 'nothing is pending'),
  intent: ({ files }) =>
    files.length === 0 ? undefined : { action: `apply ${counted(files.length, 'migration')}`, destructive: false },
  run: async function* (ctx, request, plan) {
    const session = await ctx.db.session();
    return yield* runMigrations(ctx, session, { plan, options: migrateOptions(request, request.singleTransaction) });
  },
  present: ({ files }) =>
    appliedReport(COMMAND, files, [
      files.length === 0
        ? 'nothing is pending'
        : `${counted(files.length, 'migration')} applied and read back from the ledger`,
    ]),
});

function refuseMixed({ files }: MigrationPlan): void {
  const outside = files.find(({ script }) => !script.directives.transaction);
  if (outside === undefined) return;
  throw new OrdersyncError(
    'usage',
    `--single-transaction cannot hold ${outside.script.file}, which runs outside a transaction`,
    {
      hint: `apply the files before it with --to, then it alone`,
    },
  );
}
