import { defineCommand } from '../../cli/command.ts';
import type { ListedSigningKey } from '../../domain/archive/manifest/signing-queries.ts';
import { listSigningKeys } from '../../domain/archive/manifest/signing-queries.ts';
import { loadDatabaseKeys } from '../../domain/encryption/database-keys.ts';
import type { BlindIndexKeyRow, DataKeyRow } from '../../domain/encryption/queries.ts';
import type { Row } from '../../output/report.ts';

export const list = defineCommand({
  name: 'list',
  summary: 'every key: type, version, status, and what wraps it',
  description:
    'Reads the tables of keys only: no row of data, no key store. What is encrypted with a key, status counts.',
  examples: ['ordersync key list', 'ordersync key list --format json'],
  run: async (ctx) => {
    const { sql } = await ctx.db.session();
    const { dataKeys, blindIndexKeys } = await loadDatabaseKeys(sql, async () => ctx.keys());
    return { dataKeys, blindIndexKeys, signingKeys: await listSigningKeys(sql) };
  },
  present: ({ dataKeys, blindIndexKeys, signingKeys }) => ({
    command: 'key list',
    columns: [
      { name: 'key' },
      { name: 'use' },
      { name: 'version', type: 'integer' },
      { name: 'status', type: 'state' },
      { name: 'kid' },
      { name: 'provider' },
      { name: 'provider_key', wide: true },
      { name: 'age_ms', type: 'ms' },
      { name: 'created_at', type: 'time', wide: true },
      { name: 'retired_at', type: 'time', wide: true },
    ],
    rows: [...dataKeys.map(dataKeyRow), ...blindIndexKeys.map(blindIndexRow), ...signingKeys.map(signingKeyRow)],
    notes: dataKeys.length === 0 ? ['no keys yet: ordersync key create'] : [],
  }),
});

function dataKeyRow({ keyId, keyType, version, status, material, ageMs, createdAt, retiredAt }: DataKeyRow): Row {
  return {
    key: keyId,
    use: keyType,
    version,
    status,
    kid: material?.kid ?? null,
    provider: material === null ? null : material.wrapped === null ? 'destroyed' : material.provider,
    provider_key: material?.providerKey ?? null,
    age_ms: Math.round(ageMs),
    created_at: createdAt,
    retired_at: retiredAt,
  };
}

function blindIndexRow(row: BlindIndexKeyRow): Row {
  const { purpose, version, status, provider, providerKey, ageMs, createdAt, retiredAt } = row;
  return {
    key: `${purpose}-v${version}`,
    use: `blind index ${purpose}`,
    version,
    status,
    kid: null,
    provider: row.wrapped === null ? 'destroyed' : provider,
    provider_key: providerKey,
    age_ms: Math.round(ageMs),
    created_at: createdAt,
    retired_at: retiredAt,
  };
}

function signingKeyRow(row: ListedSigningKey): Row {
  const { version, status, provider, providerKey, ageMs, createdAt } = row;
  return {
    key: `archive-signing-v${version}`,
    use: 'archive signing',
    version,
    status,
    kid: null,
    provider: row.destroyed ? 'destroyed' : provider,
    provider_key: providerKey,
    age_ms: Math.round(ageMs),
    created_at: createdAt,
    retired_at: null,
  };
}
