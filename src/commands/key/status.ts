import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { KeysStatus, KeyState, KeyUse, StrayValues } from '../../domain/keys/status.ts';
import { readKeysStatus } from '../../domain/keys/status.ts';
import type { Report, Row } from '../../output/report.ts';

const DAY_MS = 86_400_000;

export const status = defineCommand({
  name: 'status',
  summary: 'what is encrypted with which key, and what is due',
  description:
    'Counts the values of every encrypted column by the key they name, in one pass over each table and one snapshot. ' +
    'Decrypts nothing. nonce_uses estimates from above how often a key encrypted for a column, by archive rewrap too: 2^31 ' +
    'warns, 2^32 is the end.',
  options: {
    maxAge: option.duration('age at which a key should be rotated', { default: 90 * DAY_MS }),
    check: option.flag('exit 5 when something is due or wrong'),
  },
  examples: ['ordersync key status', 'ordersync key status --check --max-age 365d'],
  run: async function* (ctx, { maxAge }) {
    return yield* readKeysStatus(ctx, await ctx.db.session(), { maxAgeMs: maxAge });
  },
  present: (result, { check }) => statusReport(result, check),
});

function statusReport(result: KeysStatus, check: boolean): Report {
  const warnings = warningsOf(result);
  return {
    command: 'key status',
    columns: [
      { name: 'key' },
      { name: 'type', wide: true },
      { name: 'status', type: 'state' },
      { name: 'age_ms', type: 'ms' },
      { name: 'table' },
      { name: 'column' },
      { name: 'values', type: 'integer' },
      { name: 'nonce_uses', type: 'integer', wide: true },
      { name: 'finding' },
    ],
    rows: [...result.keys.flatMap(keyRows), ...result.strays.map(strayRow)],
    outcome: check && warnings.length > 0 ? 'unhealthy' : 'ok',
    notes: result.keys.length === 0 ? ['no keys yet: ordersync key create'] : [summaryOf(result)],
    warnings,
  };
}

function keyRows({ key, rotationDue, held, uses }: KeyState): Row[] {
  const head = { key: key.keyId, type: key.keyType, status: key.status, age_ms: Math.round(key.ageMs) };
  const due = rotationDue ? 'rotation due' : null;
  if (uses.length === 0) {
    const finding = held ? 'kept out by the server' : due;
    return [{ ...head, table: null, column: null, values: 0, nonce_uses: 0, finding }];
  }
  return uses.map(({ table, column, values, nonceUses, nonces }) => ({
    ...head,
    table,
    column,
    values,
    nonce_uses: nonceUses,
    finding: nonces === 'ok' ? due : `nonces: ${nonces}`,
  }));
}

function strayRow({ table, column, fault, kid, values }: StrayValues): Row {
  const finding = kid === undefined ? fault : `${fault} (kid ${kid})`;
  return { key: null, type: null, status: null, age_ms: null, table, column, values, nonce_uses: null, finding };
}

function warningsOf({ keys, strays, withoutActive, differences }: KeysStatus): string[] {
  const worn = keys.flatMap(({ key, uses }) => uses.filter(isWorn).map((use) => ({ key, ...use })));
  return [
    ...withoutActive.map((type) => `there is no active key for ${type}: ordersync key create --type ${type}`),
    ...keys.filter(({ rotationDue }) => rotationDue).map(({ key }) => `${key.keyId} is due to be rotated`),
    ...worn.map(({ key, table, column, nonces }) =>
      nonces === 'exhausted'
        ? `${key.keyId} must not encrypt any more for ${table}.${column}: rotate ${key.keyType} now`
        : `${key.keyId} has used half of its nonces for ${table}.${column}: rotate ${key.keyType}`,
    ),
    ...strays.map(({ table, column, values, fault }) => `${table}.${column}: ${values} with ${fault}; see key verify`),
    ...differences.map(({ table, column, fault }) => `${table}.${column} is ${fault}: it was not counted`),
  ];
}

function isWorn({ nonces }: KeyUse): boolean {
  return nonces !== 'ok';
}

function summaryOf({ keys }: KeysStatus): string {
  const uses = keys.flatMap((state) => state.uses).filter(({ values }) => values > 0);
  const values = uses.reduce((sum, use) => sum + use.values, 0);
  return `${values} values in ${new Set(uses.map(({ table, column }) => `${table}.${column}`)).size} columns under ${counted(keys.length, 'key')}`;
}
