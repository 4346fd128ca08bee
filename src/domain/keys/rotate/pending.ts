import type { ColumnUsage } from '../usage.ts';
import type { RotationTable } from './types.ts';

/**
 * The values of a table that are not under the key, judged by the text as well as by its key column: one that disagrees
 * with itself is not renewed by anybody, and must not count as done.
 * @param to the key; undefined while it is only planned, and then every value is pending
 */
export function pendingOf(
  usage: readonly ColumnUsage[],
  { table, pairs }: RotationTable,
  toKeyId: string | undefined,
  toKid?: string,
): ColumnUsage[] {
  const columns = new Set(pairs.map(({ value }) => value));
  return usage.filter(
    (row) =>
      row.table === table.name &&
      columns.has(row.column) &&
      row.kind !== 'none' &&
      !(toKeyId !== undefined && row.keyId === toKeyId && (toKid === undefined || row.kid === toKid)),
  );
}
