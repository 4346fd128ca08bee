import type { Context } from '../../../src/context.ts';
import type { KeySet } from '../../../src/crypto/cipher-key.ts';
import { decryptValue, textOf } from '../../../src/crypto/value.ts';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../../../src/domain/encryption/registry.ts';
import { createKeys, planKeys } from '../../../src/domain/keys/create.ts';
import { planSeed } from '../../../src/domain/seed/plan.ts';
import type { SeedRequest } from '../../../src/domain/seed/plan.ts';
import { runSeed } from '../../../src/domain/seed/seed.ts';
import type { SeedResult } from '../../../src/domain/seed/seed.ts';
import { driven, testContext } from '../../support/context.ts';
import type { TestContext } from '../../support/context.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import type { SchemaDatabase } from '../../support/schema.ts';

export const REQUEST: SeedRequest = {
  rows: 10_000,
  months: 2,
  until: new Date('2026-03-15T12:34:00Z'),
  randomSeed: 'test',
  tables: undefined,
};

/** A context of the schema's owner, who is no superuser. */
export function ownerContext(database: SchemaDatabase, keyring: TestKeyring): TestContext {
  const url = database.urlFor({ user: 'schema_owner', password: 'schema' });
  return testContext(url, '/nowhere', { keys: async () => keyring.open() });
}

export async function makeKeys(ctx: Pick<Context, 'db' | 'keys'>): Promise<void> {
  const session = await ctx.db.session();
  await createKeys(session, async () => ctx.keys(), await planKeys(session.sql, 'all'));
}

export async function seed(ctx: TestContext, request: Partial<SeedRequest> = {}): Promise<SeedResult> {
  const { result } = await driven(runSeed(ctx, await planSeed(ctx, { ...REQUEST, ...request })));
  return result;
}

export type PlainRow = Readonly<Record<string, unknown>>;

/**
 * Every row of a table in the order of its ids, each value decrypted; without key columns and keyed hashes, which differ
 * between two databases. Throws when a value cannot be decrypted.
 */
export async function readPlainRows(ctx: Pick<Context, 'db' | 'keys'>, table: string): Promise<PlainRow[]> {
  const { sql } = await ctx.db.session();
  const keys = await loadDatabaseKeys(sql, async () => ctx.keys());
  const every = await keys.keysFor(keys.dataKeys.flatMap(({ material }) => (material === null ? [] : [material.kid])));
  const rows = await sql<Record<string, unknown>[]>`select * from ${sql(table)} order by id`;
  const data = rows.filter(({ action }) => !String(action).endsWith('_KEY'));
  return data.map((row) => decryptRow(row, table, every));
}

const KEYED_HASHES = new Set(['email_hash', 'ip_hash', 'external_id_hash']);

function decryptRow(row: Record<string, unknown>, table: string, keys: KeySet): PlainRow {
  const encrypted = ENCRYPTED_TABLES.find(({ name }) => name === table);
  const pairs = new Map(encrypted?.pairs.map(({ value, key }) => [value, key]));
  const keyColumns = new Set(pairs.values());
  const decrypt = (column: string, value: unknown): unknown => {
    if (!pairs.has(column) || typeof value !== 'string' || value === NO_ADDRESS) return value;
    const place = { table: encrypted?.logicalName ?? '', column, rowId: String(row[encrypted?.idColumn ?? 'id']) };
    return textOf(decryptValue(keys, place, value));
  };
  const hashed = table === 'api_rate_limits' && row['identifier_type'] === 'IP' ? 'identifier' : '';
  const kept = Object.entries(row).filter(
    ([column]) => !keyColumns.has(column) && !KEYED_HASHES.has(column) && column !== hashed,
  );
  return Object.fromEntries(kept.map(([column, value]) => [column, decrypt(column, value)]));
}
