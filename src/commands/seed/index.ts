import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { SeedPlan } from '../../domain/seed/plan.ts';
import { planSeed } from '../../domain/seed/plan.ts';
import { runSeed } from '../../domain/seed/seed.ts';
import { describePlan, plannedReport, seededReport } from './reports.ts';
import { parseSeedRequest } from './request.ts';

export const seed = defineCommand({
  name: 'seed',
  summary: 'fill an empty database with believable, encrypted demo data',
  description:
    'Invents a food-ordering shop in Seoul: users, restaurants, orders, payments, notifications, log-ins and audit rows of ' +
    'the last months, with a few planted attacks (docs/demo-data.md). Values are encrypted with the ACTIVE keys. Creates the ' +
    'monthly partitions it needs, loads by COPY in one transaction, verifies it and then commits: interrupted or killed, it ' +
    'leaves no row behind. Refuses a database that holds data, and a protected environment.',
  options: {
    scale: option.text(
      'small (10 thousand rows over all tables), medium (1 million), large (10 million), or about n rows',
      {
        placeholder: 'small|medium|large|n',
        default: 'small',
      },
    ),
    months: option.integer('whole months before the month of --until', { min: 1, max: 60, default: 6 }),
    until: option.text('when the data ends; default: the minute that has just begun', { placeholder: 'time' }),
    randomSeed: option.text('the same seed, scale, months and --until make the same data', { default: 'ordersync' }),
    tables: option.texts('only these tables, separated by commas, and those they refer to', { placeholder: 'names' }),
  },
  examples: [
    'ordersync seed',
    'ordersync seed --scale medium --months 12',
    'ordersync seed --scale large --dry-run',
    'ordersync seed --until 2026-11-01T00:00Z --random-seed workshop',
  ],
  steadyMemory: true,
  plan: async (ctx, request): Promise<SeedPlan> => planSeed(ctx, parseSeedRequest(request, ctx.clock.now())),
  presentPlan: plannedReport,
  intent: (plan) => ({ action: `write ${describePlan(plan)}`, destructive: false }),
  run: (ctx, _request, plan) => runSeed(ctx, plan),
  present: seededReport,
});
