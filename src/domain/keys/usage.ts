import type { Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import type { EncryptedTable, KeyType } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';
import type { UsageRow } from './usage-queries.ts';
import { readUsage } from './usage-queries.ts';

/** UsageRow with its place. */
export interface ColumnUsage extends Omit<UsageRow, 'position'> {
  readonly table: string;
  readonly column: string;
  readonly keyType: KeyType;
}

/**
 * Which keys the values of all registered columns name: one pass per table, all by the same snapshot of the caller.
 * @param tables fewer of them, where the answer is no proof
 */
export async function* countValues(
  session: Session,
  dataKeys: readonly DataKeyRow[],
  tables: readonly EncryptedTable[] = ENCRYPTED_TABLES,
): Work<ColumnUsage[]> {
  const known = {
    kids: dataKeys.flatMap(({ material }) => (material === null ? [] : [material.kid])),
    keyIds: dataKeys.map(({ keyId }) => keyId),
  };
  const usage: ColumnUsage[] = [];
  for (const [index, table] of tables.entries()) {
    const progress = { label: 'counting values', done: index, total: tables.length, detail: table.name };
    yield { kind: 'progress', unit: 'tables', ...progress };
    for (const { position, ...row } of await readUsage(session, table, known)) {
      const pair = table.pairs[position];
      if (pair === undefined) throw new RangeError(`${table.name} has no pair ${position}`);
      usage.push({ table: table.name, column: pair.value, keyType: pair.keyType, ...row });
    }
  }
  return usage;
}

/** The values that cannot be read, or not be found by their key column, without this key. */
export function valuesUnder({ keyId, material }: DataKeyRow, usage: readonly ColumnUsage[]): ColumnUsage[] {
  return usage.filter((row) => row.keyId === keyId || (row.kid !== null && row.kid === material?.kid));
}
