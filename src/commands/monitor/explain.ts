import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { explainStatement } from '../../domain/monitor/explain.ts';
import { OrdersyncError } from '../../errors.ts';

export const explain = defineCommand({
  name: 'explain',
  summary: 'the generic plan of a statement that monitor slow-queries shows; nothing is executed',
  description:
    'Takes the query_id of monitor slow-queries. The plan is the one without values for the parameters, which may differ from the one that ' +
    'certain values get. A negative id needs -- before it.',
  args: { queryId: option.text('query_id of monitor slow-queries', { required: true }) },
  options: { timeout: option.duration('how long planning may take', { default: 15_000 }) },
  examples: ['ordersync monitor explain 145225401721056530', 'ordersync monitor explain -- -4750168579075276963'],
  run: async (ctx, { queryId, timeout }) => {
    if (!/^-?\d{1,19}$/.test(queryId)) {
      throw new OrdersyncError('usage', `"${queryId}" is not a query id`, {
        hint: 'the column query_id of `ordersync monitor slow-queries` has them',
      });
    }
    return explainStatement(await ctx.db.session(), queryId, timeout);
  },
  present: ({ statement, plan }) => ({
    command: 'monitor explain',
    columns: [{ name: 'plan' }],
    rows: plan.map((line) => ({ plan: line })),
    text: plan.join('\n'),
    notes: [`generic plan of: ${statement}`],
  }),
});
