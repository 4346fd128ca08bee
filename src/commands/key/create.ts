import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { CreatedKey, CreatePlan, PlannedKey } from '../../domain/keys/create.ts';
import { CREATABLE, createKeys, nameOf, planKeys, probeKeys } from '../../domain/keys/create.ts';
import type { Report, Row } from '../../output/report.ts';
import { KEY_STORE_OPTIONS, withKmsTimeout } from './options.ts';

export const create = defineCommand({
  name: 'create',
  summary: 'make the first key of a type, and the keys of the blind indexes',
  description:
    'Makes what is missing and leaves what is there. Each key is made and wrapped by the key store, opened again and ' +
    'compared before it is written. A newer version of a key that is there comes with a rotation.',
  options: {
    type: option.choice(CREATABLE, 'pii, payment, business, blind-index, or all that are missing', {
      default: 'all',
      placeholder: 'type',
    }),
    ...KEY_STORE_OPTIONS,
  },
  examples: ['ordersync key create', 'ordersync key create --type pii', 'ordersync key create --dry-run'],
  plan: async (ctx, { type, kmsTimeout }) => {
    const session = await ctx.db.session();
    const plan = await planKeys(session.sql, type);
    await probeKeys(session, async () => withKmsTimeout(ctx, kmsTimeout).keys(), plan);
    return plan;
  },
  presentPlan: (plan) => planReport(plan),
  intent: ({ missing }) =>
    missing.length === 0 ? undefined : { action: `create ${missing.map(nameOf).join(', ')}`, destructive: false },
  run: async (ctx, { kmsTimeout }, plan: CreatePlan) =>
    createKeys(await ctx.db.session(), async () => withKmsTimeout(ctx, kmsTimeout).keys(), plan),
  present: (keys) => createReport(keys),
});

function planReport({ missing, present }: CreatePlan): Report {
  return report(
    [...missing.map((key) => rowOf(key, 'to create')), ...present.map((key) => rowOf(key, 'active'))],
    missing.length === 0 ? 'nothing to create' : 'nothing was created',
  );
}

function createReport(keys: readonly CreatedKey[]): Report {
  const created = keys.filter((key) => key.created);
  return report(
    keys.map(({ key, created: isNew, kid, providerKey }) => ({
      ...rowOf(key, isNew ? 'created' : 'active'),
      kid: isNew ? (kid ?? null) : null,
      provider_key: providerKey ?? null,
    })),
    created.length === 0
      ? 'nothing to create: every key asked for is active'
      : `created ${created.length} of ${keys.length}`,
  );
}

function report(rows: readonly Row[], note: string): Report {
  return {
    command: 'key create',
    columns: [
      { name: 'key' },
      { name: 'use' },
      { name: 'version', type: 'integer' },
      { name: 'state', type: 'state' },
      { name: 'kid' },
      { name: 'provider_key', wide: true },
    ],
    rows,
    notes: [note],
  };
}

function rowOf(key: PlannedKey, state: string): Row {
  return {
    key: key.kind === 'data-key' ? key.keyId : `${key.purpose}-v${key.version}`,
    use: key.kind === 'data-key' ? key.keyType : `blind index ${key.purpose}`,
    version: key.version,
    state,
    kid: null,
    provider_key: null,
  };
}
