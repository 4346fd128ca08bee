import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Rewrapped, RewrapPlan } from '../../domain/keys/rewrap.ts';
import { planRewrap, rewrapKeys } from '../../domain/keys/rewrap.ts';
import type { Report } from '../../output/report.ts';
import { KEY_STORE_OPTIONS, withKmsTimeout } from './options.ts';

export const rewrap = defineCommand({
  name: 'rewrap',
  summary: 'wrap every key with another KMS or keyring key; no row is touched',
  description:
    'For a new KMS key, or a new key of the keyring (key keyring add-key). The keys themselves stay the same, so every value ' +
    'stays as it is. Each key is opened again and compared before its old wrapping is replaced. A run that stops is continued by the next.',
  options: {
    to: option.text('KMS key id, ARN or alias, or keyring key; default: the configured one', { placeholder: 'key' }),
    ...KEY_STORE_OPTIONS,
  },
  examples: ['ordersync key rewrap --to alias/ordersync-2026', 'ordersync key rewrap --dry-run'],
  plan: async (ctx, { to, kmsTimeout }) => {
    const store = await withKmsTimeout(ctx, kmsTimeout).keys({ kmsKey: to });
    return planRewrap(await ctx.db.session(), store, to);
  },
  presentPlan: (plan) => rewrapReport(plan, [], 'nothing was changed'),
  intent: ({ pending, target }) =>
    pending.length === 0 ? undefined : { action: `wrap ${pending.length} keys with ${target}`, destructive: false },
  run: async function* (ctx, { to, kmsTimeout }, plan: RewrapPlan) {
    const store = await withKmsTimeout(ctx, kmsTimeout).keys({ kmsKey: to });
    return { plan, rewrapped: yield* rewrapKeys(ctx, await ctx.db.session(), { store, plan }) };
  },
  present: ({ plan, rewrapped }) =>
    rewrapReport(
      { ...plan, pending: [] },
      rewrapped,
      rewrapped.length === 0 ? `every key is wrapped by ${plan.target} already` : `${rewrapped.length} keys rewrapped`,
    ),
});

function rewrapReport({ target, pending, done }: RewrapPlan, rewrapped: readonly Rewrapped[], note: string): Report {
  return {
    command: 'key rewrap',
    columns: [{ name: 'key' }, { name: 'state', type: 'state' }, { name: 'wrapped_by' }, { name: 'was_wrapped_by' }],
    rows: [
      ...rewrapped.map(({ name, from, to, changedMeanwhile }) => ({
        key: name,
        state: changedMeanwhile ? 'changed by another run' : 'rewrapped',
        wrapped_by: to,
        was_wrapped_by: from,
      })),
      ...pending.map(({ name, providerKey }) => ({
        key: name,
        state: 'to rewrap',
        wrapped_by: target,
        was_wrapped_by: providerKey,
      })),
      ...done.map(({ name }) => ({ key: name, state: 'unchanged', wrapped_by: target, was_wrapped_by: null })),
    ],
    notes: [note],
  };
}
