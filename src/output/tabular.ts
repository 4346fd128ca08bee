import type { Column, Report, Row, Section } from './report.ts';

interface Tabular {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/**
 * Columns and rows of any report: one that is only text becomes a single row with the column `text`, several sections
 * become one table with the column `section` and every column that one of them has.
 */
export function tabular(report: Report): Tabular {
  const { columns, rows, text, sections } = report;
  if (sections !== undefined) {
    const parts = sections.map(sectionTable);
    const all = new Map(parts.flatMap((part) => part.columns.map((column) => [column.name, column])));
    return { columns: [...all.values()], rows: parts.flatMap((part) => part.rows) };
  }
  return columns.length === 0 && text !== undefined
    ? { columns: [{ name: 'text' }], rows: [{ text }] }
    : { columns, rows };
}

/** A section's rows, each saying which section it is of. */
export function sectionTable({ name, columns, rows }: Section): Tabular {
  return {
    columns: [{ name: 'section' }, ...columns],
    rows: rows.map((row) => ({ section: name, ...row })),
  };
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
