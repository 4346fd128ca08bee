import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { ensureMonths } from '../../domain/partitions/ensure/apply.ts';
import type { EnsurePlan } from '../../domain/partitions/ensure/read.ts';
import { planEnsure } from '../../domain/partitions/ensure/read.ts';
import { CHANGE_OPTIONS, changerOf, requestedSpan, SPAN_OPTIONS, TABLE_OPTION } from './options.ts';
import { ensuredReport, ensurePlanReport } from './reports.ts';

export const ensure = defineCommand({
  name: 'ensure',
  summary: 'make the months that are missing, without keeping anybody waiting',
  description:
    'Each month is a transaction of its own: its table is made first, then all locks are asked for at once and given up when ' +
    'they take too long, and the attempt is made again. Run it daily: with nothing missing it takes no lock. A table that ' +
    'fails does not stop the others: exit 6 when one could not be completed, and what was made is kept.',
  options: { ...SPAN_OPTIONS, ...TABLE_OPTION, ...CHANGE_OPTIONS },
  examples: [
    'ordersync partition ensure',
    'ordersync partition ensure --ahead 24 --dry-run',
    'ordersync partition ensure --table orders --from 2025-01',
  ],
  plan: async (ctx, request): Promise<EnsurePlan> =>
    planEnsure(await ctx.db.session(), { tables: request.table, span: requestedSpan(ctx, request) }),
  presentPlan: (plans, request) => ensurePlanReport('partition ensure', plans, request),
  intent: (plans) => {
    const count = plans.reduce((sum, { steps }) => sum + steps.length, 0);
    return count === 0 ? undefined : { action: `make ${counted(count, 'partition')}`, destructive: false };
  },
  run: async function* (ctx, request) {
    const session = await ctx.db.session();
    const wanted = { tables: request.table, span: requestedSpan(ctx, request) };
    return yield* ensureMonths(changerOf(ctx, session, request), wanted, request.wait);
  },
  present: ensuredReport,
});
