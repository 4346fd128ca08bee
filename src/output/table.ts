import { humanOf, isNumeric } from './cells.ts';
import { renderColumns } from './columns.ts';
import type { Grid } from './layout.ts';
import { fitWidths, naturalWidths } from './layout.ts';
import { renderRecords } from './records.ts';
import type { RenderOptions } from './render.ts';
import type { Column, Report, Row, Section } from './report.ts';
import { oneLine, withoutEscapes } from './sanitize.ts';
import type { Style } from './style.ts';
import { severityOf, styleOf } from './style.ts';
import { headOf, shownColumns } from './tabular.ts';
import type { Terminal } from './terminal.ts';
import { cautiousRuler, rulerFor, wrap } from './width.ts';

// cli-table3 needs about a millisecond per row (5,000 rows: 5.2 s against 29 ms for plain columns).
const BOXED_ROWS = 100;
// A table of few columns is what a phone or a split screen can show least.
const RECORDS_WIDTH = 60;

/**
 * The form for people. On a terminal: a box up to 100 rows, plain columns beyond, and `key: value` records where the
 * width does not suffice. Anywhere else: plain columns at full length, whatever the width, for the next program.
 */
export async function renderTable(report: Report, options: RenderOptions): Promise<Iterable<string>> {
  if (report.text !== undefined) return [withFinalNewline(withoutEscapes(report.text))];
  if (report.sections !== undefined) return renderSections(report.sections, options);
  const { terminal } = options;
  const columns = shownColumns(report.columns, options.verbose);
  if (columns.length === 0) return [];
  const grid = await gridOf(columns, report.rows, terminal);
  if (!terminal.isTTY) return renderColumns(flat(grid), undefined, '');
  if (grid.rows.length === 0) return [`${grid.style.dim('no rows')}\n`];
  return onTerminal(grid, terminal);
}

async function renderSections(sections: readonly Section[], options: RenderOptions): Promise<Iterable<string>> {
  const style = await styleOf(options.terminal);
  const parts = await Promise.all(
    sections.map(async ({ title, columns, rows }, index) => [
      `${index === 0 ? '' : '\n'}${titleLines(title, options.terminal).map(style.bold).join('\n')}\n`,
      ...(await renderTable({ command: '', columns, rows }, options)),
    ]),
  );
  return parts.flat();
}

/** Wrapped on a terminal; elsewhere a title is one line, whatever its length. */
function titleLines(title: string, { isTTY, width }: Terminal): readonly string[] {
  return isTTY ? wrap(title, width, cautiousRuler) : [title];
}

async function onTerminal(grid: Grid, terminal: Terminal): Promise<Iterable<string>> {
  if (terminal.width <= RECORDS_WIDTH) return renderRecords(grid, terminal.width);
  const lines = flat(grid);
  const natural = naturalWidths(lines);
  const ellipsis = terminal.unicode ? '…' : '..';
  if (grid.rows.length <= BOXED_ROWS) {
    const { boxOverhead, renderBoxed } = await import('./boxed.ts');
    const widths = fitWidths(lines, natural, terminal.width - boxOverhead(natural.length));
    const boxed = widths && renderBoxed(lines, widths, ellipsis, terminal.unicode);
    if (boxed !== undefined) return [boxed];
  }
  const gaps = 2 * (natural.length - 1);
  const widths = fitWidths(lines, natural, terminal.width - gaps);
  return widths === undefined ? renderRecords(grid, terminal.width) : renderColumns(lines, widths, ellipsis);
}

/** Rows as texts for people, each on one line or more, with what is needed to draw them. */
export async function gridOf(columns: readonly Column[], rows: readonly Row[], terminal: Terminal): Promise<Grid> {
  const texts = rows.map((row) => columns.map((column) => humanOf(row[column.name], column)));
  const style = await styleOf(terminal);
  return {
    heads: columns.map(headOf),
    aligns: columns.map((column) => (isNumeric(column) ? 'right' : 'left')),
    rows: texts,
    cuttable: columns.map((column) => (column.type ?? 'text') === 'text'),
    paint: (text, index) => painted(text, columns[index], style),
    ruler: await rulerFor(texts.flat()),
    style,
  };
}

function painted(text: string, column: Column | undefined, style: Style): string {
  const severity = column?.type === 'state' ? severityOf(text.trim()) : undefined;
  return severity === undefined ? text : style[severity](text);
}

/** Each row on one line. */
export function flat(grid: Grid): Grid {
  return { ...grid, rows: grid.rows.map((row) => row.map(oneLine)) };
}

function withFinalNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
