import { OrdersyncError } from '../../../errors.ts';
import type { ArchiveColumn } from '../content/content.ts';
import { roleOf } from '../manifest/superseding.ts';
import type { ArchivedMonth, SourcePart } from '../months.ts';
import { keyOf, partsOf } from '../months.ts';

/** Rows of one table in an archived month: those of the month itself, and late ones that are added or replace them. */
export interface RestorableSource {
  readonly table: string;
  readonly columns: readonly ArchiveColumn[];
  /** In the order of their manifests; the first one is the month. */
  readonly parts: readonly SourcePart[];
  /** By which a late row replaces another. */
  readonly key: readonly string[];
}

/** The tables of a month in the order in which they come back: the partitioned one, then those whose rows refer to it. */
export function restorableSources(month: ArchivedMonth): readonly RestorableSource[] {
  const [base] = month.parts;
  if (base === undefined || roleOf(base.manifest) !== 'month') {
    throw new OrdersyncError(
      'precondition',
      `the archive has late rows of ${month.table} ${month.month}, and not the month`,
      {
        hint: 'see what it has with ordersync archive list',
      },
    );
  }
  const [own, ...dependants] = base.manifest.sources.map(({ table }) => table);
  // They left last to first of what refers to what.
  return [own ?? month.table, ...dependants.toReversed()].map((table) => sourceOf(month, table));
}

function sourceOf(month: ArchivedMonth, table: string): RestorableSource {
  const parts = partsOf(month, table);
  const [first] = parts;
  if (first === undefined) throw new TypeError('taken from the sources');
  const { columns } = first.source;
  const other = parts.find(
    ({ source }) => JSON.stringify(shapeOf(source.columns)) !== JSON.stringify(shapeOf(columns)),
  );
  if (other !== undefined) {
    throw new OrdersyncError('precondition', `late rows of ${table} ${month.month} have other columns than the month`, {
      hint: 'ordersync archive query reads both; they cannot be one table',
      facts: { manifests: [first.sequence, other.sequence] },
    });
  }
  return { table, columns, parts, key: keyOf(month, first.source) };
}

/** What two tables must have in common for rows of one to fit into the other. */
export function shapeOf(columns: readonly Pick<ArchiveColumn, 'name' | 'type'>[]): readonly string[] {
  return columns.map(({ name, type }) => `${name} ${type}`).sort();
}
