import { defineCommand } from '../../cli/command.ts';
import type { MigrationStatus } from '../../domain/migrations/status.ts';
import { readStatus } from '../../domain/migrations/status.ts';
import type { Report } from '../../output/report.ts';
import { statusReport } from './status.ts';

export const verify = defineCommand({
  name: 'verify',
  summary: 'compare the files with what was applied',
  description:
    'Holds the checksum of every applied file against the ledger. Exit 5 when one changed, is gone or stopped half way.',
  examples: ['ordersync migrate verify', 'ordersync migrate verify --format json'],
  run: async (ctx) => readStatus(ctx, await ctx.db.session()),
  present: filesReport,
});

/** Pending files are no fault here; they are status --check's business. */
function filesReport(result: MigrationStatus): Report {
  const applied = result.states.filter(({ row, state }) => row !== undefined || state === 'partial');
  const wrong = applied.filter(({ state }) => state === 'changed' || state === 'missing' || state === 'partial');
  const report = statusReport('migrate verify', { ...result, states: applied }, false);
  return {
    ...report,
    outcome: wrong.length > 0 || result.problems.length > 0 ? 'unhealthy' : 'ok',
    notes: [
      wrong.length === 0
        ? `${applied.length} applied, all as their files say`
        : `not as applied: ${wrong.map(({ version }) => version).join(', ')}`,
    ],
  };
}
