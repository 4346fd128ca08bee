import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { runText } from '../../../db/text.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import type { IndexPlace } from './places.ts';

/** A row with a hash, and the value that the hash is of. */
export interface HashedRow {
  /** Values of the primary key, as text. */
  readonly key: readonly string[];
  /** What the value is bound to. */
  readonly rowId: string;
  readonly value: string;
  readonly hash: string;
  /** The hash under the older key, where the table has a column for it. */
  readonly previous: string | null;
  /** xmin: the version of the row that was read. */
  readonly version: string;
}

const KEY_TYPES: Readonly<Record<string, string>> = { created_at: 'timestamptz' };
const typeOf = (column: string): string => KEY_TYPES[column] ?? 'uuid';

/**
 * The next rows in the order of the primary key, which no update changes. Those without a hash stay without one: they
 * were never found by it.
 */
export async function readHashedRows(
  session: Pick<Session, 'sql'>,
  { table, pair, index }: IndexPlace,
  { after, limit }: { readonly after: readonly string[] | null; readonly limit: number },
): Promise<HashedRow[]> {
  const { primaryKey, idColumn } = table;
  const keyColumns = primaryKey.map(quoteIdentifier).join(', ');
  const parameters: unknown[] = [limit, NO_ADDRESS, ...(after ?? [])];
  const position = primaryKey.map((column, place) => `$${place + 3}::${typeOf(column)}`).join(', ');
  const rows = await runText<Record<string, string | null>>(
    session,
    `select ${primaryKey.map((column, place) => `${quoteIdentifier(column)}::text as k${place}`).join(', ')},
            ${quoteIdentifier(idColumn)}::text as row_id,
            ${quoteIdentifier(pair.value)} as value,
            ${quoteIdentifier(index.column)} as hash,
            ${index.previous === undefined ? 'null' : quoteIdentifier(index.previous)} as previous,
            xmin::text as version
       from ${quoteQualified({ schema: 'public', name: table.name })}
      where ${quoteIdentifier(index.column)} is not null
        and ${quoteIdentifier(pair.value)} <> $2
        ${after === null ? '' : `and (${keyColumns}) > (${position})`}
      order by ${keyColumns}
      limit $1`,
    parameters,
  );
  return rows.map((row) => ({
    key: primaryKey.map((_, place) => row[`k${place}`] ?? ''),
    rowId: row['row_id'] ?? '',
    value: row['value'] ?? '',
    hash: row['hash'] ?? '',
    previous: row['previous'] ?? null,
    version: row['version'] ?? '',
  }));
}

export interface NewHash {
  readonly key: readonly string[];
  readonly version: string;
  readonly hash: string;
  readonly previous: string;
}

/** Sets the hashes of rows that are still as they were read. @returns how many were */
export async function writeHashes(
  session: Pick<Session, 'sql'>,
  { table, index }: IndexPlace,
  hashes: readonly NewHash[],
): Promise<number> {
  const { primaryKey } = table;
  const first = primaryKey.length;
  const previous = index.previous === undefined ? '' : `, ${quoteIdentifier(index.previous)} = renewed.previous`;
  const rows = await runText(
    session,
    `update ${quoteQualified({ schema: 'public', name: table.name })} target
        set ${quoteIdentifier(index.column)} = renewed.hash${previous}
       from unnest(${Array.from({ length: first + 3 }, (_, place) => `$${place + 1}::text[]`).join(', ')})
            renewed (${primaryKey.map((_, place) => `k${place}`).join(', ')}, version, hash, previous)
      where ${primaryKey.map((column, place) => `target.${quoteIdentifier(column)} = renewed.k${place}::${typeOf(column)}`).join(' and ')}
        and target.xmin::text = renewed.version
     returning 1`,
    [
      ...primaryKey.map((_, place) => hashes.map(({ key }) => key[place] ?? '')),
      hashes.map(({ version }) => version),
      hashes.map(({ hash }) => hash),
      hashes.map(({ previous }) => previous),
    ],
  );
  return rows.length;
}

/** In a column whose values are nowhere: replaces hashes that are known under both keys. @returns how many rows */
export async function translateHashes(
  session: Pick<Session, 'sql'>,
  { table, column }: { readonly table: string; readonly column: string },
  known: readonly { readonly from: string; readonly to: string }[],
): Promise<number> {
  const name = quoteIdentifier(column);
  const rows = await runText(
    session,
    `update ${quoteQualified({ schema: 'public', name: table })} target
        set ${name} = known.newer
       from unnest($1::text[], $2::text[]) known (older, newer)
      where target.${name} = known.older
     returning 1`,
    [known.map(({ from }) => from), known.map(({ to }) => to)],
  );
  return rows.length;
}
