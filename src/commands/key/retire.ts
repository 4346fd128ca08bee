import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { describeManifestUse } from '../../domain/keys/archives.ts';
import { finished } from '../../domain/keys/finished.ts';
import type { HeldColumn } from '../../domain/keys/retire-hold.ts';
import type { RetirePlan } from '../../domain/keys/retire.ts';
import { planRetire, retireKey, stillNeeded } from '../../domain/keys/retire.ts';
import type { Report, Row } from '../../output/report.ts';

export const retire = defineCommand({
  name: 'retire',
  summary: 'mark an older key as no longer used, once no value needs it',
  description:
    'Counts the live values under the key and refuses while there is one, and never retires an active key. A retired key ' +
    'stays wrapped and still decrypts: archives and backups need it. With --prove the server itself refuses the key from ' +
    'then on: a CHECK constraint for every encrypted column, validated against every row. An interrupted run is continued by the next.',
  options: {
    key: option.text('the key, such as pii-v1', { required: true, placeholder: 'key' }),
    prove: option.flag('have the server keep the key out of every column'),
  },
  examples: ['ordersync key retire --key pii-v1 --dry-run', 'ordersync key retire --key pii-v1 --prove'],
  plan: async (ctx, { key, prove }) => finished(planRetire(ctx, await ctx.db.session(), { keyId: key, prove })),
  presentPlan: (plan) => retireReport(plan, plan.columns, ['nothing was changed']),
  intent: (plan) =>
    plan.needed.length > 0 || isDone(plan)
      ? undefined
      : { action: `retire the key ${plan.key.keyId}`, destructive: false },
  run: async function* (ctx, _request, plan: RetirePlan) {
    if (plan.needed.length > 0) throw stillNeeded(plan.key.keyId, plan.needed);
    return { plan, ...(yield* retireKey(ctx, await ctx.db.session(), plan)) };
  },
  present: ({ plan, retired, columns }) =>
    retireReport(plan, columns, [
      retired ? `${plan.key.keyId} is retired; it still decrypts` : `${plan.key.keyId} was retired before`,
    ]),
});

function isDone({ key, prove, columns }: RetirePlan): boolean {
  return key.status === 'RETIRED' && (!prove || columns.every(({ held }) => held));
}

function retireReport(plan: RetirePlan, columns: readonly HeldColumn[], notes: readonly string[]): Report {
  const { key, needed, returned, archives } = plan;
  return {
    command: 'key retire',
    columns: [
      { name: 'key' },
      { name: 'table' },
      { name: 'column' },
      { name: 'values', type: 'integer' },
      { name: 'held', type: 'boolean' },
    ],
    rows: rowsOf(plan, columns),
    outcome: needed.length > 0 ? 'refused' : 'ok',
    notes: [
      ...(needed.length > 0 ? [`${key.keyId} is still needed`] : []),
      ...notes,
      ...(needed.length > 0 ? [] : [describeHeld(key.keyId, columns)]),
      ...archives.map((use) => `${key.keyId} is needed to read ${describeManifestUse(use)}`),
    ],
    warnings: returned.map(
      ({ keyId }) => `${keyId} was retired, and values are under it again: rotate ${key.keyType}; it is not held`,
    ),
  };
}

/** What still needs the key; when nothing does, and it is about the proof, every column of its type. */
function rowsOf({ key, needed, prove }: RetirePlan, columns: readonly HeldColumn[]): Row[] {
  const heldIn = new Map(columns.map(({ table, column, held }) => [`${table}.${column}`, held]));
  if (needed.length > 0) {
    return needed.map(({ table, column, values }) => {
      return { key: key.keyId, table, column, values, held: heldIn.get(`${table}.${column}`) ?? false };
    });
  }
  if (prove) return columns.map(({ table, column, held }) => ({ key: key.keyId, table, column, values: 0, held }));
  return [{ key: key.keyId, table: null, column: null, values: 0, held: columns.every(({ held }) => held) }];
}

function describeHeld(keyId: string, columns: readonly HeldColumn[]): string {
  const held = columns.filter((column) => column.held).length;
  if (held === columns.length) return `the server keeps ${keyId} out of all ${held} columns of its type`;
  return `the server keeps ${keyId} out of ${held} of ${columns.length} columns of its type; --prove holds all`;
}
