import { defineCommand } from '../../cli/command.ts';
import { planEnsure } from '../../domain/partitions/ensure/read.ts';
import { CHANGE_OPTIONS, requestedSpan, SPAN_OPTIONS, TABLE_OPTION } from './options.ts';
import { ensurePlanReport } from './reports.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'what ensure would do: SQL for psql, and what each transaction locks',
  description: 'Reads with SELECT only and works on a standby. Exit 5 when ensure could not complete a table.',
  options: { ...SPAN_OPTIONS, ...TABLE_OPTION, lockTimeout: CHANGE_OPTIONS.lockTimeout },
  examples: ['ordersync partition plan', 'ordersync partition plan --from 2025-01 --to 2026-12 --table audit_logs'],
  run: async (ctx, request) =>
    planEnsure(await ctx.db.session(), { tables: request.table, span: requestedSpan(ctx, request) }),
  present: (plans, request) => ensurePlanReport('partition plan', plans, request),
});
