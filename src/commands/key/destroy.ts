import { defineCommand } from '../../cli/command.ts';
import { describeDuration, option } from '../../cli/options.ts';
import type { DestroyPlan } from '../../domain/keys/destroy.ts';
import { destroyKey, planDestroy } from '../../domain/keys/destroy.ts';
import { finished } from '../../domain/keys/finished.ts';
import type { Report } from '../../output/report.ts';

const DAY_MS = 86_400_000;

export const destroy = defineCommand({
  name: 'destroy',
  summary: 'forget a retired key for good, when nothing needs it any more',
  description:
    'Deletes the wrapped data key. Refuses while the key is not retired, was retired less than --after ago, is named by a ' +
    'live value or by a detached or restored table, or takes part in a rotation. What is still under the key in backups ' +
    'and copies can then be read by nobody; --dry-run lists it.',
  args: { key: option.text('the key, such as pii-v1', { required: true, placeholder: 'key' }) },
  options: {
    after: option.duration('how long the key has to be retired: longer than any backup is kept', {
      default: 35 * DAY_MS,
    }),
  },
  examples: ['ordersync key destroy pii-v1 --dry-run', 'ordersync key destroy pii-v1 --after 90d'],
  plan: async (ctx, { key, after }) =>
    finished(planDestroy(ctx, await ctx.db.session(), { keyId: key, afterMs: after })),
  presentPlan: (plan) =>
    destroyReport(plan, plan.there ? 'would be unreadable' : 'unreadable', ['nothing was changed']),
  intent: ({ key: { keyId }, there }) =>
    there
      ? { action: `destroy the key ${keyId}, so that nobody can ever read what is still under it`, destructive: true }
      : undefined,
  run: async (ctx, _request, plan: DestroyPlan) => ({
    plan,
    destroyed: await destroyKey(ctx, await ctx.db.session(), plan),
  }),
  present: ({ plan, destroyed }) =>
    destroyReport(plan, 'unreadable', [
      destroyed ? `${plan.key.keyId} is destroyed` : `${plan.key.keyId} was destroyed before`,
      ...(destroyed ? ['a backup of this database still holds the wrapped key: see docs/keys.md, section 6'] : []),
    ]),
});

/** One row for each column whose values under the key, wherever a copy of them is, are lost with it. */
function destroyReport(
  { key, there, columns, retiredForMs, afterMs }: DestroyPlan,
  state: string,
  notes: readonly string[],
): Report {
  const { keyId, material, createdAt, retiredAt } = key;
  const proven = columns.every(({ held }) => held);
  return {
    command: 'key destroy',
    columns: [
      { name: 'key' },
      { name: 'kid' },
      { name: 'table' },
      { name: 'column' },
      { name: 'state', type: 'state' },
      { name: 'written_from', type: 'time' },
      { name: 'written_until', type: 'time' },
    ],
    rows: columns.map(({ table, column }) => ({
      key: keyId,
      kid: material?.kid ?? null,
      table,
      column,
      state,
      written_from: createdAt,
      written_until: retiredAt,
    })),
    notes: [
      `unreadable wherever it is under ${keyId}: in backups, exports, standbys that were detached, and restored copies`,
      `retired ${describeAge(retiredForMs)} ago; --after is ${describeDuration(afterMs)}`,
      ...notes,
    ],
    warnings:
      there && !proven
        ? [`the server does not keep ${keyId} out of its columns: ordersync key retire --key ${keyId} --prove`]
        : [],
  };
}

/** In whole days, or in hours below two of them. */
function describeAge(ms: number): string {
  return ms < 2 * DAY_MS ? `${Math.floor(ms / 3_600_000)} hours` : `${Math.floor(ms / DAY_MS)} days`;
}
