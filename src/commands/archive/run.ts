import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Values } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { ListedArchive } from '../../domain/archive/list/queries.ts';
import { readArchives } from '../../domain/archive/list/queries.ts';
import type { ArchivePlan, ArchiveRequest, PlannedMonth } from '../../domain/archive/plan/plan.ts';
import { planArchive } from '../../domain/archive/plan/plan.ts';
import type { PlannedStatement } from '../../domain/archive/plan/statements.ts';
import { statementsOf } from '../../domain/archive/plan/statements.ts';
import type { Archived } from '../../domain/archive/run/run.ts';
import { requireSameStore, runArchive } from '../../domain/archive/run/run.ts';
import { readTableState } from '../../domain/partitions/catalog.ts';
import type { TableState } from '../../domain/partitions/table.ts';
import { OrdersyncError } from '../../errors.ts';
import { version } from '../../version.ts';
import { CHANGE_OPTIONS, monthOption } from '../partition/options.ts';
import { AGE_ARGUMENT, AGE_OPTION, monthsOf, STORE_OPTIONS, storeRequestOf, TABLE_OPTION } from './options.ts';
import { archivedReport, planReport } from './reports.ts';

const OPTIONS = {
  olderThan: AGE_OPTION,
  month: monthOption('this month, whatever its age'),
  table: TABLE_OPTION,
  ...STORE_OPTIONS,
  keep: option.flag('export and prove, and leave the months in the database'),
  maxRate: option.integer('rows per second at most while exporting', { min: 1, placeholder: 'rows' }),
  ...CHANGE_OPTIONS,
};
const ARGUMENTS = { unit: AGE_ARGUMENT };

type RunValues = Values<typeof OPTIONS> & Values<typeof ARGUMENTS>;

interface RunPlan {
  readonly plan: ArchivePlan;
  readonly statements: ReadonlyMap<PlannedMonth, readonly PlannedStatement[]>;
  readonly location: string;
}

interface RunResult {
  readonly archived: Archived;
  readonly archives: ReadonlyMap<string, ListedArchive>;
}

export const run = defineCommand({
  name: 'run',
  summary: 'export old months with proof, and drop what is proven',
  description:
    'Whole months leave by partition. Each is exported to Parquet from one snapshot, read back from the store, signed into the ' +
    'chain of manifests, detached concurrently, and dropped only in the transaction that locks it and finds its root equal to ' +
    'the one of the manifest. What depends on orders and payments is archived with them and deleted hour by hour after the ' +
    'same proof. Stopped anywhere, by anything, the same command goes on.\n\n' +
    'Exit 5 when a proof fails: nothing was dropped then, the hour is named, and the next run exports the month again.',
  options: OPTIONS,
  args: ARGUMENTS,
  steadyMemory: true,
  examples: [
    'ordersync archive run --older-than 6 months --to /srv/archive --dry-run',
    'ordersync archive run --to s3://archive/ordersync',
    'ordersync archive run --month 2025-01 --table audit_logs --keep',
    'ordersync archive run --older-than 1 year --max-rate 20000',
  ],
  plan: async (ctx, request, { dryRun }): Promise<RunPlan> => {
    const wanted = requestOf(request);
    const store = await ctx.store(storeRequestOf(request));
    if (!dryRun) await store.probe();
    const session = await ctx.db.session();
    const plan = await planArchive(session, wanted, ctx.clock.now());
    requireSameStore(plan, store);
    // Without a key to sign with it ends here, before anybody is asked.
    if (!dryRun && plan.months.length > 0) await ctx.keys();
    const statements = new Map<PlannedMonth, readonly PlannedStatement[]>();
    for (const [index, month] of plan.months.entries()) {
      const state = await readTableState(session, `public.${month.table.table}`);
      statements.set(month, statementsOf(month, without(state, plan.months.slice(0, index)), request.keep));
    }
    return { plan, statements, location: store.location };
  },
  presentPlan: ({ plan, statements, location }) => planReport(plan, statements, location),
  intent: ({ plan: { months }, location }, { keep }) => {
    if (months.length === 0) return undefined;
    const tables = [...new Set(months.map(({ table }) => table.table))].join(', ');
    const what = `archive ${counted(months.length, 'month')} of ${tables} in ${location}`;
    return { action: keep ? what : `${what} and drop them from the database`, destructive: !keep };
  },
  run: async function* (ctx, request, { plan }: RunPlan) {
    if (plan.months.length === 0)
      return { archived: { outcomes: [], stays: plan.stays, kept: [] }, archives: new Map() };
    return yield* archive(ctx, request);
  },
  present: ({ archived, archives }: RunResult) => archivedReport(archived, archives),
});

/** A table as it is when the months before have left. */
function without(state: TableState, left: readonly PlannedMonth[]): TableState {
  const gone = new Set(left.map(({ partition }) => partition?.oid));
  return { ...state, partitions: state.partitions.filter(({ oid }) => !gone.has(oid)) };
}

async function* archive(ctx: Context, request: RunValues) {
  const session = await ctx.db.session();
  const store = await ctx.store(storeRequestOf(request));
  const archived = yield* runArchive(
    ctx,
    { session, store },
    {
      ...requestOf(request),
      manners: { lockTimeoutMs: request.lockTimeout, retries: request.retries },
      waitMs: request.wait,
      maxRate: request.maxRate,
      tool: `ordersync ${version()}`,
    },
  );
  const listed = await readArchives(session.sql, []);
  return { archived, archives: new Map(listed.map((one) => [one.id, one])) };
}

function requestOf({ table, month, olderThan, unit, keep }: RunValues): ArchiveRequest {
  if (month !== undefined && (olderThan !== undefined || unit !== undefined)) {
    throw new OrdersyncError('usage', '--month and --older-than exclude each other', {
      hint: 'name one month, or say how old months have to be',
    });
  }
  return { tables: table, month, olderThanMonths: monthsOf(olderThan, unit), keep };
}
