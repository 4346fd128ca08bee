import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { detachMonth } from '../../domain/partitions/detach/apply.ts';
import type { DetachPlan } from '../../domain/partitions/detach/plan.ts';
import { planDetach } from '../../domain/partitions/detach/plan.ts';
import { nameOf } from '../../domain/partitions/locks.ts';
import type { Report } from '../../output/report.ts';
import { CHANGE_OPTIONS, changerOf, monthOption } from './options.ts';

export const detach = defineCommand({
  name: 'detach',
  summary: 'take one past month out of a table, concurrently, and keep its range covered',
  description:
    'DETACH CONCURRENTLY, so that readers and writers of other months never wait; the month becomes a table of its own and ' +
    'nothing is deleted. One that was interrupted is finished: run it again. Until it is through, rows of the month are ' +
    'invisible and INSERTs of it fail; then the underflow reaches up to the next month, or an empty month takes its place. ' +
    'Refuses while foreign keys lead to its rows, and prints what has to leave before, in order, with row counts.',
  args: { table: option.text('the table', { required: true }) },
  options: { month: { ...monthOption('the month'), required: true }, ...CHANGE_OPTIONS },
  examples: [
    'ordersync partition detach audit_logs --month 2025-01 --dry-run',
    'ordersync partition detach audit_logs --month 2025-01',
  ],
  plan: async (ctx, { table, month }): Promise<DetachPlan> =>
    planDetach(await ctx.db.session(), { table, month: required(month) }, ctx.clock.now().getTime()),
  presentPlan: (plan) => detachReport(plan, plan.partition.name, 'nothing was changed'),
  intent: (plan) =>
    blocked(plan) || isDone(plan)
      ? undefined
      : { action: `detach ${plan.partition.name} from ${nameOf(plan.table)}`, destructive: true },
  run: async function* (ctx, request, plan: DetachPlan) {
    if (isDone(plan)) return { plan, table: plan.partition.name, done: false };
    const wanted = { table: request.table, month: required(request.month) };
    const session = await ctx.db.session();
    return { ...(yield* detachMonth(changerOf(ctx, session, request), wanted, request.wait)), done: true };
  },
  present: ({ plan, table, done }) =>
    detachReport(
      { ...plan, attachment: 'detached', statements: done ? plan.statements : [] },
      table,
      done ? `${plan.month} is in the table ${table}; new rows of it find a place` : `${table} is detached already`,
    ),
});

function detachReport(plan: DetachPlan, table: string, note: string): Report {
  const { partition, attachment, dependants, statements } = plan;
  return {
    command: 'partition detach',
    columns: [
      { name: 'order', type: 'integer' },
      { name: 'table' },
      { name: 'rows', type: 'integer' },
      { name: 'state', type: 'state' },
      { name: 'sql', wide: true },
    ],
    rows: [
      ...dependants.map(({ table: name, rows, direct }, index) => ({
        order: index + 1,
        table: name,
        rows,
        state: direct && rows > 0n ? 'refers to it' : 'clear',
        sql: null,
      })),
      { order: dependants.length + 1, table, rows: partition.rows, state: attachment, sql: statements },
    ],
    outcome: blocked(plan) ? 'refused' : 'ok',
    notes: [
      blocked(plan) ? `${partition.name} cannot leave before the rows that refer to it; ${note}` : note,
      ...(note === 'nothing was changed' ? statements.map((statement) => `would run: ${statement}`) : []),
    ],
  };
}

function blocked({ dependants }: DetachPlan): boolean {
  return dependants.some(({ direct, rows }) => direct && rows > 0n);
}

function isDone({ attachment, coverage }: DetachPlan): boolean {
  return attachment === 'detached' && coverage === 'covered';
}

/** commander has refused a call without it. */
function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a required option is missing');
  return value;
}
