import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Converted } from '../../domain/partitions/convert/apply.ts';
import { convertTable } from '../../domain/partitions/convert/apply.ts';
import type { ConvertPlan, ConvertStep } from '../../domain/partitions/convert/plan.ts';
import { planConvert } from '../../domain/partitions/convert/plan.ts';
import { describeLocks } from '../../domain/partitions/locks.ts';
import type { Report } from '../../output/report.ts';
import { CHANGE_OPTIONS, changerOf } from './options.ts';

export const convert = defineCommand({
  name: 'convert',
  summary: 'turn a live table into a partitioned one, without copying or blocking',
  description:
    'For tables like audit_logs: a created_at, nobody referring to them. A constraint is added unchecked and then checked ' +
    'under a weak lock, the index of the new primary key is built concurrently, and one transaction of milliseconds makes ' +
    'the table the first partition of a new one with its name, indexes, keys, triggers, policies and rights. No row is copied. ' +
    'Interrupted anywhere, run it again. --dry-run prints every statement with what it locks.',
  args: { table: option.text('the table', { required: true }) },
  options: CHANGE_OPTIONS,
  examples: ['ordersync partition convert access_logs --dry-run', 'ordersync partition convert access_logs'],
  plan: async (ctx, { table }): Promise<ConvertPlan> =>
    planConvert(await ctx.db.session(), table, ctx.clock.now().getTime()),
  presentPlan: planReport,
  intent: ({ table, steps }) =>
    steps.length === 0
      ? undefined
      : { action: `convert ${table} in ${counted(steps.length, 'step')}`, destructive: true },
  run: async function* (ctx, request, plan: ConvertPlan) {
    if (plan.steps.length === 0) return { plan, steps: [] };
    const session = await ctx.db.session();
    return yield* convertTable(changerOf(ctx, session, request), { table: request.table, waitMs: request.wait });
  },
  present: convertedReport,
});

function planReport({ steps, table }: ConvertPlan): Report {
  return {
    command: 'partition convert',
    columns: [{ name: 'step', type: 'integer' }, { name: 'what' }, { name: 'locks' }, { name: 'sql', wide: true }],
    rows: steps.map((step, index) => ({
      step: index + 1,
      what: step.what,
      locks: step.locks.map(describeLocks),
      sql: textOf(step),
    })),
    ...(steps.length === 0 ? {} : { text: steps.map((step) => commented(step)).join('\n') }),
    notes: [steps.length === 0 ? `${table} is partitioned already` : 'nothing was changed'],
  };
}

function convertedReport({ plan, steps }: Converted): Report {
  const { table, legacy, to } = plan.names;
  return {
    command: 'partition convert',
    columns: [
      { name: 'step', type: 'integer' },
      { name: 'what' },
      { name: 'duration_ms', type: 'ms' },
      { name: 'attempts', type: 'integer', wide: true },
    ],
    rows: steps.map(({ step, durationMs, attempts }, index) => ({
      step: index + 1,
      what: step.what,
      duration_ms: Math.round(durationMs),
      attempts,
    })),
    notes:
      steps.length === 0
        ? [`${plan.table} is partitioned already`]
        : [
            `${table} is partitioned; its rows until ${to} are in ${legacy}`,
            `make the months after that: ordersync partition ensure --table ${plan.table}`,
          ],
  };
}

function textOf({ statements, transaction }: ConvertStep): string {
  const text = statements.map((statement) => `${statement};`).join('\n');
  return transaction ? `begin;\n${text}\ncommit;\n` : `${text}\n`;
}

function commented(step: ConvertStep): string {
  return [`-- ${step.what}`, ...step.locks.map((held) => `--   ${describeLocks(held)}`), textOf(step)].join('\n');
}
