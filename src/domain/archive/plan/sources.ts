import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Month } from '../../partitions/month.ts';
import { endOf, startOf } from '../../partitions/month.ts';
import type { ArchiveColumn, ArchiveSource } from '../content/content.ts';
import type { ArchivedTable, DependantTable } from './tables.ts';
import { ROW_ORDER } from './tables.ts';

/** What of a table belongs to a month. */
export interface Part {
  readonly table: string;
  readonly timeColumn: string | undefined;
  readonly orderedBy: readonly string[];
  /** As in ArchiveSource. */
  readonly from: string;
  /** Where the rows are: a month that was detached keeps its columns when its table gets others. */
  readonly relation: QualifiedName;
}

/** All rows of the table that holds a month alone. */
export function partOfPartition({ table }: ArchivedTable, partition: QualifiedName): Part {
  const from = fromTable(partition, 'only ');
  return { table, timeColumn: 'created_at', orderedBy: ROW_ORDER, from, relation: partition };
}

/** The rows of a month, wherever in their table they lie. */
export function partOfRows({ table, byId }: ArchivedTable, month: Month): Part {
  const condition = inMonth(byId ? 'id' : 'created_at', byId, month);
  const relation = { schema: 'public', name: table };
  return {
    table,
    timeColumn: 'created_at',
    orderedBy: ROW_ORDER,
    from: `${fromTable(relation)} where ${condition}`,
    relation,
  };
}

/** No rows of a table: what a supplement says of a month whose own rows are all archived. */
export function partOfNothing({ table }: ArchivedTable): Part {
  const relation = { schema: 'public', name: table };
  return {
    table,
    timeColumn: 'created_at',
    orderedBy: ROW_ORDER,
    from: `${fromTable(relation)} where false`,
    relation,
  };
}

/** The rows of a dependant that refer to a month. */
export function partOfDependant({ table, reference, timeColumn, orderedBy }: DependantTable, month: Month): Part {
  const relation = { schema: 'public', name: table };
  const from = `${fromTable(relation)} where ${inMonth(reference, true, month)}`;
  return { table, timeColumn, orderedBy, from, relation };
}

export function sourceOf(
  { table, timeColumn, orderedBy, from }: Part,
  columns: readonly ArchiveColumn[],
): ArchiveSource {
  return { table, columns, timeColumn, orderedBy, from };
}

/** A condition on rows called `source`, with which rows of a month are found by an index. */
function inMonth(column: string, byId: boolean, month: Month): string {
  const bounds = [startOf(month), endOf(month)].map((at) =>
    quoteLiteral(byId ? uuidFloor(at) : new Date(at).toISOString()),
  );
  const name = `source.${quoteIdentifier(column)}`;
  return `${name} >= ${bounds[0]} and ${name} < ${bounds[1]}`;
}

/** The least UUIDv7 of an instant, as the schema's uuid_v7_floor() makes it: 48 bits of milliseconds, then zeros. */
export function uuidFloor(at: number): string {
  const digits = at.toString(16).padStart(12, '0').padEnd(32, '0');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function fromTable(name: QualifiedName, only = ''): string {
  return `from ${only}${quoteQualified(name)} as source`;
}
