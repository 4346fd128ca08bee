import type { SeedPlan } from '../../domain/seed/plan.ts';
import type { SeedResult } from '../../domain/seed/seed.ts';
import type { Report } from '../../output/report.ts';

const COMMAND = 'seed';

export function plannedReport(plan: SeedPlan): Report {
  return {
    command: COMMAND,
    columns: [{ name: 'table' }, { name: 'rows', type: 'integer' }, { name: 'bytes', type: 'bytes' }],
    rows: plan.tables.map(({ table, rows, bytes }) => ({ table: table.name, rows, bytes })),
    notes: [`${describePlan(plan)}; sizes are estimates; nothing was written`, repeatNote(plan)],
  };
}

export function seededReport({ plan, tables, createdMonths, decrypted }: SeedResult): Report {
  const milliseconds = tables.reduce((sum, table) => sum + table.milliseconds, 0);
  const perSecond = Math.round((plan.totalRows / milliseconds) * 1000);
  return {
    command: COMMAND,
    columns: [
      { name: 'table' },
      { name: 'rows', type: 'integer' },
      { name: 'bytes', type: 'bytes' },
      { name: 'elapsed_ms', type: 'ms' },
      { name: 'rows_per_second', type: 'integer' },
    ],
    rows: tables.map((table) => ({
      table: table.name,
      rows: table.rows,
      bytes: table.bytes,
      elapsed_ms: Math.round(table.milliseconds),
      rows_per_second: Math.round((table.rows / table.milliseconds) * 1000),
    })),
    notes: [
      `${describePlan(plan)}, ${perSecond} rows a second, ${createdMonths} new monthly partitions`,
      `verified: counts, months, sums, and ${decrypted} values decrypted as a sample; ordersync key verify reads all`,
      repeatNote(plan),
    ],
  };
}

export function describePlan({ totalRows, tables, demo, request }: SeedPlan): string {
  const from = new Date(demo.span.start).toISOString().slice(0, 10);
  return `${totalRows} rows in ${tables.length} tables, from ${from} until ${request.until.toISOString()}`;
}

/** The words that make the same data again. */
function repeatNote({ request }: SeedPlan): string {
  const { rows, months, until, randomSeed, tables } = request;
  const only = tables === undefined ? '' : ` --tables ${tables.join(',')}`;
  const seed = /^[\w.-]+$/u.test(randomSeed) ? randomSeed : JSON.stringify(randomSeed);
  return `the same data again: --scale ${rows} --months ${months} --until ${until.toISOString()} --random-seed ${seed}${only}`;
}
