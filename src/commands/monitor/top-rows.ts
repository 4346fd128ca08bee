import type { Row, Section } from '../../output/report.ts';
import type { SortKey, View } from './top-views.ts';

export interface Choice {
  /** What a row has to contain; empty: all rows. */
  readonly filter: string;
  readonly sort: SortKey | undefined;
}

/** Rows as the screen shows them. A filter looks at every column, also at those that there is no room for. */
export function shownRows(
  { rows, columns }: Pick<Section, 'rows' | 'columns'>,
  { filter, sort }: Choice,
): readonly Row[] {
  const wanted = foldedText(filter);
  const names = columns.map(({ name }) => name);
  const kept =
    wanted === ''
      ? rows
      : rows.filter((row) => names.some((name) => foldedText(String(row[name] ?? '')).includes(wanted)));
  const column = sort?.column;
  return column === undefined ? kept : kept.toSorted((left, right) => compare(left[column], right[column]));
}

function foldedText(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Figures with the largest first, texts from A; what is not known comes last. */
function compare(left: unknown, right: unknown): number {
  if (isAbsent(left) || isAbsent(right)) return Number(isAbsent(left)) - Number(isAbsent(right));
  const figures = [Number(left), Number(right)] as const;
  if (!figures.some((figure) => Number.isNaN(figure))) return figures[1] - figures[0];
  return String(left) < String(right) ? -1 : Number(String(left) > String(right));
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

/** What is selected: a row that is found again by its identity, and where it stood, for when it is gone. */
export interface Selection {
  readonly identity: string | undefined;
  readonly index: number;
}

export const FIRST: Selection = { identity: undefined, index: 0 };

/** Where the selected row stands now; undefined when there is no row at all. */
export function selectedIndex(rows: readonly Row[], view: View, { identity, index }: Selection): number | undefined {
  if (rows.length === 0) return undefined;
  const found = identity === undefined ? -1 : rows.findIndex((row) => identityOf(row, view) === identity);
  return found >= 0 ? found : Math.min(index, rows.length - 1);
}

export function selectionAt(rows: readonly Row[], view: View, index: number): Selection {
  const bounded = Math.max(0, Math.min(index, rows.length - 1));
  const row = rows[bounded];
  return { identity: row && identityOf(row, view), index: bounded };
}

function identityOf(row: Row, { identity }: View): string {
  return String(row[identity]);
}
