import { randomUUID } from 'node:crypto';
import { counted } from '../../counted.ts';
import type { CipherKey } from '../../crypto/cipher-key.ts';
import { openValue } from '../../crypto/value.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { EncryptedTable } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../encryption/registry.ts';
import { readBrokenPromises } from './check-queries.ts';
import type { SeedKeys } from './keys.ts';
import { countStored, holdsAnyRow, readCatchAlls, readSample } from './queries.ts';
import type { TableName } from './table.ts';

export interface VerifyRequest {
  readonly expected: readonly { readonly name: TableName; readonly rows: number }[];
  readonly keys: SeedKeys;
}

/** Values of each pair that are decrypted, at most: from both sides of a random place. */
const SAMPLED_ROWS = 25;

/**
 * Looks at what was loaded as a stranger would: counts, months, sums, and a sample of values decrypted one by one.
 * @returns how many values were decrypted
 * @throws OrdersyncError `unhealthy` naming everything that is wrong
 */
export async function verifySeed(session: Session, { expected, keys }: VerifyRequest): Promise<number> {
  const loaded = new Set(expected.map(({ name }) => name));
  const faults = [
    ...(await miscounted(session, expected)),
    ...(await strayed(session)),
    ...(await readBrokenPromises(session, loaded)),
  ];
  let decrypted = 0;
  for (const table of ENCRYPTED_TABLES.filter(({ name }) =>
    expected.some((loadedTable) => loadedTable.name === name),
  )) {
    const sample = await decryptSample(session, table, keys);
    decrypted += sample.decrypted;
    faults.push(...sample.faults);
  }
  if (faults.length === 0) return decrypted;
  throw new OrdersyncError('unhealthy', 'the loaded data is not what was planned; it was rolled back', {
    body: faults,
    hint: 'something else may have written meanwhile; if it happens again, report it with the seed and the scale',
  });
}

async function miscounted({ sql }: Session, expected: VerifyRequest['expected']): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, rows } of expected) {
    const stored = await countStored(sql, name);
    if (stored !== BigInt(rows)) faults.push(`${name} has ${counted(stored, 'row')} instead of ${rows}`);
  }
  return faults;
}

async function strayed({ sql }: Session): Promise<string[]> {
  const faults: string[] = [];
  for (const catchAll of await readCatchAlls(sql)) {
    if (await holdsAnyRow(sql, catchAll)) faults.push(`${catchAll.name} holds rows that belong to a month`);
  }
  return faults;
}

async function decryptSample(
  { sql }: Session,
  { name, logicalName, idColumn, pairs }: EncryptedTable,
  keys: SeedKeys,
): Promise<{ decrypted: number; faults: string[] }> {
  const faults: string[] = [];
  let decrypted = 0;
  for (const { value, key, keyType } of pairs) {
    const { key: cipherKey, keyId } = keys.active[keyType];
    const known = new Map<string, CipherKey>([[cipherKey.kid, cipherKey]]);
    const sampled = await readSample(
      sql,
      { table: name, id: idColumn, value, key },
      { from: randomUUID(), rows: SAMPLED_ROWS },
    );
    for (const { row_id: rowId, text, key_id: storedKeyId } of sampled) {
      if (text === null || text === NO_ADDRESS) continue;
      const opened = openValue(known, { table: logicalName, column: value, rowId }, text);
      if (!opened.ok) faults.push(`${name}.${value} of ${idColumn} ${rowId}: ${opened.fault}`);
      else if (storedKeyId !== keyId) faults.push(`${name}.${key} of ${idColumn} ${rowId} is not ${keyId}`);
      else decrypted += 1;
    }
  }
  return { decrypted, faults };
}
