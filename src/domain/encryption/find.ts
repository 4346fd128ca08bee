import { OrdersyncError } from '../../errors.ts';
import type { EncryptedPair, EncryptedTable } from './registry.ts';
import { ENCRYPTED_TABLES } from './registry.ts';

/** One registered column. Throws `usage`, naming the known ones, when there is none of that name. */
export function findPair(
  tableName: string,
  column: string,
): { readonly table: EncryptedTable; readonly pair: EncryptedPair } {
  const table = ENCRYPTED_TABLES.find(({ name }) => name === tableName);
  if (table === undefined) {
    throw new OrdersyncError('usage', `the table "${tableName}" has no encrypted columns`, {
      hint: `tables that have: ${ENCRYPTED_TABLES.map(({ name }) => name).join(', ')}`,
    });
  }
  const pair = table.pairs.find(({ value }) => value === column);
  if (pair === undefined) {
    throw new OrdersyncError('usage', `"${column}" is not an encrypted column of ${tableName}`, {
      hint: `its encrypted columns: ${table.pairs.map(({ value }) => value).join(', ')}`,
    });
  }
  return { table, pair };
}
