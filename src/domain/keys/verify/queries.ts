import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session, Sql } from '../../../db/session.ts';
import type { TextRow } from '../../../db/text.ts';
import { runText } from '../../../db/text.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import type { StoredRow } from './finding.ts';

/** Which rows a sample has: those whose hash under this seed is below the threshold, of a million. */
export interface SampleFilter {
  readonly seed: number;
  readonly threshold: number;
}

/** Values of the primary key of the last row read, as text. */
export type Position = readonly string[];

export interface ReadBatch {
  readonly rows: readonly StoredRow[];
  readonly last: Position | undefined;
}

/** The next rows in the order of the primary key, which no update changes: each row is read once, however long it takes. */
export async function readBatch(
  session: Pick<Session, 'sql'>,
  table: EncryptedTable,
  request: { readonly after: Position | undefined; readonly limit: number; readonly sample: SampleFilter | undefined },
): Promise<ReadBatch> {
  const { after, limit, sample } = request;
  const parameters: unknown[] = [limit];
  const conditions: string[] = [];
  if (after !== undefined) {
    const first = parameters.push(...after) - after.length + 1;
    const values = table.primaryKey.map((column, index) => `$${first + index}::${TYPES[column] ?? 'uuid'}`);
    conditions.push(`(${names(table.primaryKey)}) > (${values.join(', ')})`);
  }
  if (sample !== undefined) {
    const seed = parameters.push(sample.seed, sample.threshold) - 1;
    // The mask clears the sign, which abs() cannot do for the smallest of all.
    conditions.push(`(hashtextextended(id::text, $${seed}) & 9223372036854775807) % 1000000 < $${seed + 1}`);
  }
  const texts = [
    ...table.primaryKey.map((column) => `${quoteIdentifier(column)}::text`),
    `${quoteIdentifier(table.idColumn)}::text`,
    ...table.pairs.flatMap(({ value, key, blindIndex }) => [
      quoteIdentifier(value),
      quoteIdentifier(key),
      blindIndex === undefined ? 'null' : quoteIdentifier(blindIndex.column),
    ]),
  ];
  const rows = await runText(
    session,
    `select ${texts.map((text, index) => `${text} as c${index}`).join(', ')}
       from ${from(table)}
      ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
      order by ${names(table.primaryKey)}
      limit $1`,
    parameters,
  );
  return { rows: rows.map((row) => storedRow(table, row)), last: positionOf(table, rows.at(-1)) };
}

const TYPES: Readonly<Record<string, string>> = { created_at: 'timestamptz' };

function storedRow({ primaryKey, pairs }: EncryptedTable, row: TextRow): StoredRow {
  const textAt = (position: number): string | null => (row[`c${position}`] ?? null) as string | null; // all are text
  return {
    id: textAt(0) ?? '',
    rowId: textAt(primaryKey.length) ?? '',
    pairs: pairs.map((_, index) => {
      const first = primaryKey.length + 1 + 3 * index;
      return { value: textAt(first), key: textAt(first + 1), hash: textAt(first + 2) };
    }),
  };
}

function positionOf({ primaryKey }: EncryptedTable, row: TextRow | undefined): Position | undefined {
  return row && primaryKey.map((_, index) => String(row[`c${index}`]));
}

export async function countRows(session: Pick<Session, 'sql'>, table: EncryptedTable): Promise<number> {
  const rows = await runText<{ count: number }>(
    session,
    `select count(*)::double precision as "count" from ${from(table)}`,
  );
  return rows[0]?.count ?? 0;
}

/** What the planner believes; undefined for a table that was never analysed. */
export async function estimateRows(sql: Sql, table: EncryptedTable): Promise<number | undefined> {
  const [row] = await sql<{ rows: number | null }[]>`
    select sum(leaf.reltuples) filter (where leaf.reltuples >= 0)::double precision as rows
      from pg_catalog.pg_class leaf
      left join pg_partition_tree(pg_catalog.format('public.%I', ${table.name}::text)::regclass) tree
        on tree.relid = leaf.oid
     where tree.isleaf
        -- A plain table is in no partition tree.
        or leaf.oid = pg_catalog.format('public.%I', ${table.name}::text)::regclass and leaf.relkind = 'r'`;
  return row?.rows ?? undefined;
}

export interface RepeatedNonce {
  readonly position: number;
  /** Characters 5 to 28 of the values: kid and nonce. */
  readonly head: string;
}

/** Kid and nonce pairs that several different values of one column share, over all tables with these column keys. */
export async function readRepeatedNonces(
  session: Pick<Session, 'sql'>,
  tables: readonly EncryptedTable[],
  limit: number,
): Promise<RepeatedNonce[]> {
  const parts = tables.map(
    (table) => `
      select pair.position, substr(pair.value, 5, 24) as head, hashtextextended(pair.value, 0) as fingerprint
        from ${from(table)} encrypted
       cross join lateral (values ${table.pairs
         .map(({ value }, position) => `(${position}, ${quoteIdentifier(value)})`)
         .join(', ')}) pair (position, value)
       where left(pair.value, 4) = 'os1_'`,
  );
  return (await runText(
    session,
    `select position, head
       from (${parts.join(' union all ')}) heads
      group by position, head
     having min(fingerprint) <> max(fingerprint)
      limit $1`,
    [limit],
  )) as unknown as RepeatedNonce[]; // the columns of the statement above
}

/** Rows of one column whose values begin with one of these heads. */
export async function readRowsWithHead(
  session: Pick<Session, 'sql'>,
  table: EncryptedTable,
  request: { readonly column: string; readonly heads: readonly string[]; readonly limit: number },
): Promise<{ id: string; head: string }[]> {
  const column = quoteIdentifier(request.column);
  return (await runText(
    session,
    `select id::text as id, substr(${column}, 5, 24) as head
       from ${from(table)}
      where left(${column}, 4) = 'os1_' and substr(${column}, 5, 24) = any ($1::text[])
      order by 2, 1
      limit $2`,
    [request.heads, request.limit],
  )) as unknown as { id: string; head: string }[]; // the columns of the statement above
}

/** Rows of one column that hold one of these values. */
export async function readRowsWithValue(
  session: Pick<Session, 'sql'>,
  table: EncryptedTable,
  request: { readonly column: string; readonly values: readonly string[]; readonly limit: number },
): Promise<{ id: string; rowId: string; value: string }[]> {
  const column = quoteIdentifier(request.column);
  return (await runText(
    session,
    `select id::text as id, ${quoteIdentifier(table.idColumn)}::text as "rowId", ${column} as value
       from ${from(table)}
      where ${column} = any ($1::text[])
      limit $2`,
    [request.values, request.limit],
  )) as unknown as { id: string; rowId: string; value: string }[]; // the columns of the statement above
}

function from({ name }: EncryptedTable): string {
  return quoteQualified({ schema: 'public', name });
}

function names(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}
