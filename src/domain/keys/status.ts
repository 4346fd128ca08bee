import type { Context, Work } from '../../context.ts';
import { judgeNonceUse } from '../../crypto/nonce.ts';
import type { Session, Sql } from '../../db/session.ts';
import type { RegistryDifference } from '../encryption/catalogue.ts';
import { compareRegistry, requireColumns } from '../encryption/catalogue.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import type { KeyType } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES, KEY_TYPES } from '../encryption/registry.ts';
import { inSnapshotOfAllRows, requireAllRows } from './all-rows.ts';
import { readHeld } from './retire-hold.ts';
import type { ColumnUsage } from './usage.ts';
import { countValues } from './usage.ts';
import { readRewrapEncryptions, readWrites } from './usage-queries.ts';

/** One key and one column that holds values under it. */
export interface KeyUse {
  readonly table: string;
  readonly column: string;
  readonly values: number;
  /** How often this key may have encrypted for this column, for archives too: an estimate from above while the key is ACTIVE. */
  readonly nonceUses: number;
  readonly nonces: 'ok' | 'warning' | 'exhausted';
}

export interface KeyState {
  readonly key: DataKeyRow;
  readonly rotationDue: boolean;
  /** Of a retired key: the server refuses it in every column of its type. */
  readonly held: boolean;
  readonly uses: readonly KeyUse[];
}

/** Values that name no key of this database, are no ciphertexts, or stand beside the name of another key. */
export interface StrayValues {
  readonly table: string;
  readonly column: string;
  readonly fault: 'unknown_key' | 'not_ours' | 'key_mismatch';
  readonly kid: string | undefined;
  readonly values: number;
}

export interface KeysStatus {
  readonly keys: readonly KeyState[];
  readonly strays: readonly StrayValues[];
  readonly withoutActive: readonly KeyType[];
  readonly differences: readonly RegistryDifference[];
}

/** Keys, what is encrypted with them, and what is due. Unwraps nothing and decrypts nothing. */
export async function* readKeysStatus(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { maxAgeMs }: { readonly maxAgeMs: number },
): Work<KeysStatus> {
  const { sql } = session;
  const { dataKeys } = await loadDatabaseKeys(sql, () => ctx.keys());
  const differences = await compareRegistry(sql);
  requireColumns(differences);
  const writes = await readWrites(
    sql,
    ENCRYPTED_TABLES.map(({ name }) => name),
  );
  const rewraps = await readRewrapEncryptions(sql);
  await requireAllRows(sql);
  const usage = yield* inSnapshotOfAllRows(session, () => countValues(session, dataKeys));
  const held = await Promise.all(dataKeys.map(async (key) => isHeld(sql, key)));
  const writesOf = new Map(writes.map(({ name, writes: count }) => [name, count]));
  return {
    keys: dataKeys.map((key, index) => ({
      key,
      held: held[index] === true,
      rotationDue: key.status === 'ACTIVE' && key.ageMs > maxAgeMs,
      uses: usesOf(key, usage, {
        writesOf,
        rewrapsOf: new Map(
          rewraps.filter(({ kid }) => kid === key.material?.kid).map((row) => [row.table, row.values]),
        ),
      }),
    })),
    strays: straysAmong(usage, dataKeys),
    withoutActive: KEY_TYPES.filter((type) => !dataKeys.some((key) => key.keyType === type && key.status === 'ACTIVE')),
    differences,
  };
}

async function isHeld(sql: Sql, key: DataKeyRow): Promise<boolean> {
  return key.status === 'RETIRED' && (await readHeld(sql, key.keyType, [key])).every(({ held }) => held);
}

/** By the table: how often somebody wrote to it, and how many values of each column a key encrypted for archives. */
interface Encryptions {
  readonly writesOf: ReadonlyMap<string, number>;
  readonly rewrapsOf: ReadonlyMap<string, number>;
}

function usesOf(key: DataKeyRow, usage: readonly ColumnUsage[], { writesOf, rewrapsOf }: Encryptions): KeyUse[] {
  const { material, status } = key;
  const places = new Map(archivedPlaces(key, rewrapsOf).map((place) => [`${place.table}.${place.column}`, place]));
  for (const { table, column, kid, values } of usage) {
    if (kid === null || kid !== material?.kid) continue;
    const name = `${table}.${column}`;
    places.set(name, { table, column, values: values + (places.get(name)?.values ?? 0) });
  }
  return [...places.values()].map((place) => {
    const live = status === 'ACTIVE' ? Math.max(place.values, writesOf.get(place.table) ?? 0) : place.values;
    const nonceUses = live + (rewrapsOf.get(place.table) ?? 0);
    return { ...place, nonceUses, nonces: judgeNonceUse(BigInt(nonceUses)) };
  });
}

/** Columns of which a key that still encrypts may have values in archives alone. */
function archivedPlaces(
  { status, keyType }: DataKeyRow,
  rewrapsOf: ReadonlyMap<string, number>,
): { table: string; column: string; values: number }[] {
  if (status !== 'ACTIVE') return [];
  return ENCRYPTED_TABLES.filter(({ name }) => rewrapsOf.has(name)).flatMap(({ name, pairs }) =>
    pairs.filter((pair) => pair.keyType === keyType).map(({ value }) => ({ table: name, column: value, values: 0 })),
  );
}

function straysAmong(usage: readonly ColumnUsage[], dataKeys: readonly DataKeyRow[]): StrayValues[] {
  const keyIdOf = new Map(dataKeys.map(({ keyId, material }) => [material?.kid, keyId]));
  return usage.flatMap(({ table, column, kind, kid, keyId, example, values }): StrayValues[] => {
    const place = { table, column, values };
    if (kind === 'not_ours') return [{ ...place, fault: 'not_ours', kid: undefined }];
    if (kind === 'unknown_key') return [{ ...place, fault: 'unknown_key', kid: shownKid(example) }];
    if (kind === 'value' && keyIdOf.get(kid ?? '') !== keyId) {
      return [{ ...place, fault: 'key_mismatch', kid: kid ?? undefined }];
    }
    return [];
  });
}

/** Eight characters after `os1_` may be anything: only what has the form of a kid is repeated. */
function shownKid(example: string | null): string | undefined {
  return example !== null && /^[\w-]{8}$/u.test(example) ? example : undefined;
}
