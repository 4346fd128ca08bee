import { quoteIdentifier, quoteLiteral } from '../../../db/identifiers.ts';
import type { ArchiveColumn } from '../content/content.ts';
import type { ArchivedMonth, SourcePart } from '../months.ts';
import { keyOf, partsOf } from '../months.ts';

/**
 * The statement that gives DuckDB a view of one archived table. Years and months come from the names of the folders, as
 * Hive has it, so that a condition on them leaves other files unread.
 * @param pathOf where DuckDB finds a file of the archive
 */
export function viewOf(table: string, months: readonly ArchivedMonth[], pathOf: (key: string) => string): string {
  const whole: string[] = [];
  const selects: string[] = [];
  for (const month of months) {
    const parts = partsOf(month, table).filter(({ source }) => source.files.length > 0);
    const [first, ...later] = parts;
    if (first !== undefined && later.length === 0) whole.push(...pathsOf(first, pathOf));
    else selects.push(...parts.map((part, index) => partSelect(month, part, parts.slice(index + 1), pathOf)));
  }
  if (whole.length > 0) selects.unshift(`from ${readParquet(whole)}`);
  const body = selects.length > 0 ? selects.join(' union all by name ') : emptySelect(newestColumns(table, months));
  return `create view ${quoteIdentifier(table)} as ${body}`;
}

/** One part without the rows that a later part replaces. */
function partSelect(
  month: ArchivedMonth,
  part: SourcePart,
  later: readonly SourcePart[],
  pathOf: (key: string) => string,
): string {
  const from = `select part.* from ${readParquet(pathsOf(part, pathOf))} part`;
  if (later.length === 0) return from;
  const same = keyOf(month, part.source)
    .map((column) => `later.${quoteIdentifier(column)} is not distinct from part.${quoteIdentifier(column)}`)
    .join(' and ');
  const paths = later.flatMap((one) => pathsOf(one, pathOf));
  return `${from} where not exists (select 1 from ${readParquet(paths)} later where ${same})`;
}

function pathsOf({ source }: SourcePart, pathOf: (key: string) => string): string[] {
  return source.files.map(({ key }) => pathOf(key));
}

function readParquet(paths: readonly string[]): string {
  const list = paths.map(quoteLiteral).join(', ');
  const hive =
    "hive_partitioning = true, hive_types_autocast = false, hive_types = {'year': integer, 'month': integer}";
  return `read_parquet([${list}], union_by_name = true, ${hive})`;
}

function newestColumns(table: string, months: readonly ArchivedMonth[]): readonly ArchiveColumn[] {
  const sources = months.flatMap((month) => partsOf(month, table));
  return sources.reduce((newest, part) => (part.sequence > newest.sequence ? part : newest)).source.columns;
}

/** A table whose months are all empty has columns and no file to take them from. */
function emptySelect(columns: readonly ArchiveColumn[]): string {
  const list = columns.map(({ name, type }) => `null::${duckdbType(type)} as ${quoteIdentifier(name)}`);
  return `select ${[...list, 'null::integer as year', 'null::integer as month'].join(', ')} where false`;
}

const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  uuid: 'uuid',
  boolean: 'boolean',
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  'double precision': 'double',
  date: 'date',
  'timestamp with time zone': 'timestamptz',
};

function duckdbType(type: string): string {
  return DUCKDB_TYPES[type] ?? 'varchar';
}
