import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { MigrationState, State } from '../../domain/migrations/states.ts';
import type { MigrationStatus } from '../../domain/migrations/status.ts';
import { readStatus } from '../../domain/migrations/status.ts';
import type { Report } from '../../output/report.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'what is applied, pending, changed, missing, out of order or half done',
  description: 'Reads with SELECT only, creates nothing, and works on a standby.',
  options: { check: option.flag('exit 5 unless every migration is applied as its file says') },
  examples: ['ordersync migrate status', 'ordersync migrate status --check --format json'],
  run: async (ctx) => readStatus(ctx, await ctx.db.session()),
  present: (result, { check }) => statusReport('migrate status', result, check),
});

const WELL: ReadonlySet<State> = new Set(['applied', 'applied (unverified)']);

/** One row per version; under `check` anything but applied makes it unhealthy. */
export function statusReport(command: string, { states, problems }: MigrationStatus, check: boolean): Report {
  const open = states.filter(({ state }) => !WELL.has(state));
  return {
    command,
    columns: [
      { name: 'version' },
      { name: 'description' },
      { name: 'state', type: 'state' },
      { name: 'applied_at', type: 'time' },
      { name: 'execution_time_ms', type: 'ms' },
      { name: 'note' },
      { name: 'checksum', wide: true },
    ],
    rows: states.map(rowOf),
    outcome: check && (open.length > 0 || problems.length > 0) ? 'unhealthy' : 'ok',
    notes: [summaryOf(states)],
    warnings: problems.map(({ file, message }) => `${file}: ${message}`),
  };
}

function rowOf({ version, description, state, row, note, migration }: MigrationState): Report['rows'][number] {
  return {
    version,
    description,
    state,
    applied_at: row?.appliedAt ?? null,
    execution_time_ms: row?.executionTimeMs ?? null,
    note: note ?? null,
    checksum: row?.checksum ?? migration?.checksum ?? null,
  };
}

function summaryOf(states: readonly MigrationState[]): string {
  const counts = new Map<State, number>();
  for (const { state } of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts.size === 0 ? 'no migrations' : [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}
