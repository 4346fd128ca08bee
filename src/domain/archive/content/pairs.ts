import { OrdersyncError } from '../../../errors.ts';
import type { EncryptedPair, EncryptedTable } from '../../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import { isEncrypted } from './key-ids.ts';
import type { RecordView } from './record.ts';

const UUID_OID = 2950;

/** A ciphertext column of an archived table and the one that names its key, by their places among its columns. */
export interface ArchivedPair {
  readonly pair: EncryptedPair;
  readonly value: number;
  readonly key: number;
}

export interface ArchivedPairs {
  readonly table: EncryptedTable;
  readonly pairs: readonly ArchivedPair[];
  /** Of the column that values are bound to. */
  readonly id: number;
  readonly idIsUuid: boolean;
}

/**
 * The encrypted pairs of an archived table; undefined where it has none.
 * @throws OrdersyncError `precondition` for ciphertext columns that this version knows nothing of
 */
export function pairsOf({
  table: name,
  columns,
}: Pick<ArchivedSource, 'table' | 'columns'>): ArchivedPairs | undefined {
  const places = new Map(columns.map((column, index) => [column.name, index]));
  const encrypted = columns.map((column) => column.name).filter(isEncrypted);
  if (encrypted.length === 0) return undefined;
  const table = ENCRYPTED_TABLES.find((candidate) => candidate.name === name);
  const pairs = (table?.pairs ?? []).flatMap((pair): ArchivedPair[] => {
    const [value, key] = [places.get(pair.value), places.get(pair.key)];
    return value === undefined || key === undefined ? [] : [{ pair, value, key }];
  });
  const id = places.get(table?.idColumn ?? '');
  const unknown = encrypted.filter((column) => !pairs.some(({ pair }) => pair.value === column));
  if (table === undefined || id === undefined || unknown.length > 0) throw unknownColumns(name, unknown);
  return { table, pairs, id, idIsUuid: columns[id]?.oid === UUID_OID };
}

/** The columns of a source that are the same under every key. */
export function unchangedColumns({ columns }: Pick<ArchivedSource, 'columns'>, { pairs }: ArchivedPairs): string[] {
  const changing = new Set(pairs.flatMap(({ value, key }) => [value, key]));
  return columns.filter((_, index) => !changing.has(index)).map(({ name }) => name);
}

/** Text of a value; undefined for null. Each byte becomes one character, which is the text itself for ciphertext and ids. */
export function textAt({ bytes, starts, lengths }: RecordView, place: number): string | undefined {
  const start = starts[place] as number; // as long as the columns are many
  const length = lengths[place] as number;
  return length < 0 ? undefined : bytes.toString('latin1', start, start + length);
}

/** What the values of a row are bound to, as crypto takes it: 32 hex digits, or whatever else stands there. */
export function rowIdOf(record: RecordView, { id, idIsUuid }: ArchivedPairs): string {
  if (!idIsUuid) return textAt(record, id) ?? '';
  const start = record.starts[id] as number;
  return record.bytes.toString('hex', start, start + 16);
}

function unknownColumns(table: string, columns: readonly string[]): OrdersyncError {
  return new OrdersyncError(
    'precondition',
    `${table} was archived with encrypted columns that this version does not know`,
    {
      body: columns.map((column) => `${table}.${column}`),
      hint: 'use the version of ordersync that archived it, or a newer one',
      facts: { table, columns },
    },
  );
}
