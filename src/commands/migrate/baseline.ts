import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { planBaseline, recordBaseline } from '../../domain/migrations/baseline.ts';
import type { Migration } from '../../domain/migrations/file/migration.ts';
import { writableSession } from '../../domain/migrations/prepare.ts';
import type { Report } from '../../output/report.ts';
import { LOCK_OPTIONS } from './options.ts';

export const baseline = defineCommand({
  name: 'baseline',
  summary: 'record migrations as applied without running them',
  description:
    'For a database that was built some other way and has no ledger yet. Every file up to the version is recorded with its checksum.',
  args: {
    version: option.text('newest version that the database already contains', {
      required: true,
      placeholder: 'version',
    }),
  },
  options: LOCK_OPTIONS,
  examples: ['ordersync migrate baseline 012', 'ordersync migrate baseline 012 --dry-run'],
  plan: async (ctx, { version }) => planBaseline(ctx, await writableSession(ctx), version),
  presentPlan: (migrations) => baselineReport(migrations, 'nothing was recorded'),
  intent: (migrations) => ({
    action: `record ${counted(migrations.length, 'migration')} as applied without running them`,
    destructive: false,
  }),
  run: async function* (ctx, { wait }, migrations: readonly Migration[]) {
    return yield* recordBaseline(ctx, await ctx.db.session(), { migrations, waitMs: wait });
  },
  present: (migrations) => baselineReport(migrations, `${counted(migrations.length, 'migration')} recorded as applied`),
});

function baselineReport(migrations: readonly Migration[], note: string): Report {
  return {
    command: 'migrate baseline',
    columns: [{ name: 'version' }, { name: 'description' }, { name: 'checksum', wide: true }],
    rows: migrations.map(({ version, description, checksum }) => ({ version, description, checksum })),
    notes: [note],
  };
}
