import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import type { MigrationStatus } from '../../domain/migrations/status.ts';
import { readStatus } from '../../domain/migrations/status.ts';
import type { Report } from '../../output/report.ts';
import { statusReport } from './status.ts';
import type { Verified } from './verify-report.ts';
import { schemaReport } from './verify-report.ts';

export const verify = defineCommand({
  name: 'verify',
  summary: 'compare the files with what was applied',
  description:
    'Holds the checksum of every applied file against the ledger. Exit 5 when one changed, is gone or stopped half way. ' +
    '--schema also builds the applied files in a scratch database and compares the live schema with it, object by object; ' +
    '--rehearse runs all files there up, down and up again, and names the first that does not leave what it should. Both ' +
    'need the right to create databases; the configured one is only read.',
  options: {
    schema: option.flag('compare the live schema with the one that the applied files make'),
    rehearse: option.flag('run every file up, down and up again on a scratch database'),
  },
  examples: [
    'ordersync migrate verify',
    'ordersync migrate verify --schema --format json',
    'ordersync migrate verify --rehearse',
  ],
  run: verifyAll,
  present: (result) =>
    result.drift === undefined && result.rehearsal === undefined ? filesReport(result.status) : schemaReport(result),
});

// The two checks are loaded when asked for: the catalogue's modules are many.
async function* verifyAll(ctx: Context, request: { schema: boolean; rehearse: boolean }): Work<Verified> {
  const status = await readStatus(ctx, await ctx.db.session());
  const drift = request.schema ? yield* (await import('../../domain/migrations/drift.ts')).readDrift(ctx) : undefined;
  const rehearsal = request.rehearse
    ? yield* (await import('../../domain/migrations/rehearse.ts')).rehearse(ctx)
    : undefined;
  return { status, drift, rehearsal };
}

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
