import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { RetirePlan } from '../../domain/keys/retire.ts';
import { planRetire, retireKey, stillNeeded } from '../../domain/keys/retire.ts';
import type { ColumnUsage } from '../../domain/keys/usage.ts';
import type { Report } from '../../output/report.ts';

export const retire = defineCommand({
  name: 'retire',
  summary: 'mark an older key as no longer used, once no value needs it',
  description:
    'Counts the live values under the key and refuses while there is one, and never retires an active key. A retired key ' +
    'stays wrapped and still decrypts: archives and backups need it.',
  options: { key: option.text('the key, such as pii-v1', { required: true, placeholder: 'key' }) },
  examples: ['ordersync key retire --key pii-v1 --dry-run', 'ordersync key retire --key pii-v1'],
  plan: async (ctx, { key }) => {
    const planning = planRetire(ctx, await ctx.db.session(), { keyId: key });
    for (;;) {
      const step = await planning.next();
      if (step.done === true) return step.value;
    }
  },
  presentPlan: (plan) => retireReport(plan, 'nothing was changed'),
  intent: ({ key, needed }) =>
    key.status === 'RETIRED' || needed.length > 0
      ? undefined
      : { action: `retire the key ${key.keyId}`, destructive: false },
  run: async function* (ctx, _request, plan: RetirePlan) {
    if (plan.needed.length > 0) throw stillNeeded(plan.key.keyId, plan.needed);
    return { plan, retired: yield* retireKey(ctx, await ctx.db.session(), plan) };
  },
  present: ({ plan, retired }) =>
    retireReport(
      plan,
      retired ? `${plan.key.keyId} is retired; it still decrypts` : `${plan.key.keyId} was retired before`,
    ),
});

function retireReport({ key, needed }: RetirePlan, note: string): Report {
  const uses: readonly (ColumnUsage | undefined)[] = needed.length === 0 ? [undefined] : needed;
  return {
    command: 'key retire',
    columns: [{ name: 'key' }, { name: 'table' }, { name: 'column' }, { name: 'values', type: 'integer' }],
    rows: uses.map((use) => ({
      key: key.keyId,
      table: use?.table ?? null,
      column: use?.column ?? null,
      values: use?.values ?? 0,
    })),
    outcome: needed.length > 0 ? 'refused' : 'ok',
    notes: [needed.length > 0 ? `${key.keyId} is still needed; ${note}` : note],
  };
}
