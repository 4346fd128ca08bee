import type { Column, Report, Row } from './report.ts';

/** Columns and rows of any report: one that is only text becomes a single row with the column `text`. */
export function tabular(report: Report): { readonly columns: readonly Column[]; readonly rows: readonly Row[] } {
  const { columns, rows, text } = report;
  return columns.length === 0 && text !== undefined
    ? { columns: [{ name: 'text' }], rows: [{ text }] }
    : { columns, rows };
}

/** The columns people see: the wide ones only when asked for. */
export function shownColumns(columns: readonly Column[], verbose: boolean): readonly Column[] {
  return columns.filter((column) => verbose || column.wide !== true);
}

/** A column's name as a head. */
export function headOf(column: Column): string {
  // The cells carry their units: "execution time ms" above "1.2 s" would name two.
  const name = column.type === 'ms' ? column.name.replace(/_ms$/, '') : column.name;
  return name.replaceAll('_', ' ');
}
