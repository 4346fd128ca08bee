import { OrdersyncError } from '../../../errors.ts';
import type { Kind, ParquetColumn } from '../parquet/kind.ts';
import type { ArchiveColumn, ArchiveSource } from './content.ts';

/** Types by oid, which is the same in every database for a type of the core. */
const KINDS: Readonly<Record<number, Kind>> = {
  16: 'boolean',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  25: 'text',
  701: 'double',
  1043: 'text',
  1082: 'date',
  1184: 'timestamp',
  1700: 'numeric',
  2950: 'uuid',
  3802: 'json',
};

/** @throws OrdersyncError `precondition` naming the columns whose types have no place in an archive */
export function parquetColumns(columns: readonly ArchiveColumn[]): readonly ParquetColumn[] {
  const refused = columns.filter(({ oid }) => KINDS[oid] === undefined);
  if (refused.length > 0) {
    throw new OrdersyncError('precondition', 'the table has columns of types that an archive cannot hold', {
      body: refused.map(({ name, type }) => `column "${name}" is ${type}`),
      hint: 'supported are uuid, text, varchar, jsonb, timestamptz, date, boolean, integers, numeric, double precision, enums and domains over them',
      facts: { columns: refused.map(({ name }) => name) },
    });
  }
  return columns.map(({ name, oid, nullable }) => ({ name, kind: KINDS[oid] ?? 'text', nullable }));
}

/** The same order everywhere: that of text depends on the collation, which neither files nor auditors have. */
const ORDERED: ReadonlySet<Kind> = new Set(['uuid', 'timestamp', 'date', 'int2', 'int4', 'int8']);

/** @throws Error when the source is not ordered as an archive has to be, by time first: a fault of ours */
export function requireOrder({ columns, timeColumn, orderedBy }: Omit<ArchiveSource, 'from'>): void {
  const kinds = new Map(parquetColumns(columns).map(({ name, kind }) => [name, kind]));
  const unordered = orderedBy.filter((name) => !ORDERED.has(kinds.get(name) ?? 'text'));
  if (orderedBy.length === 0 || unordered.length > 0)
    throw new Error(`an archive cannot be ordered by ${unordered.join(', ') || 'nothing'}`);
  if (timeColumn !== undefined && orderedBy[0] !== timeColumn) throw new Error(`${timeColumn} has to order the rows`);
}
