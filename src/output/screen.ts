import { renderColumns } from './columns.ts';
import { fitWidths, naturalWidths } from './layout.ts';
import type { Grid } from './layout.ts';
import type { Column, Fact, Instead, ScreenFrame } from './report.ts';
import { oneLine, visibleText } from './sanitize.ts';
import { flat, gridOf } from './table.ts';
import { humanOf } from './cells.ts';
import { headOf } from './tabular.ts';
import type { Terminal } from './terminal.ts';
import type { Ruler } from './width.ts';
import { cut, rulerFor, wrap } from './width.ts';

export interface ScreenSize {
  readonly rows: number;
  readonly terminal: Terminal;
}

const GAP = 2;

/**
 * A full screen as exactly so many lines, none wider than the terminal: facts, the table or what stands instead of it, what
 * is typed, and the keys in the last line. A table that is too wide loses running text first, then columns from the right;
 * one that is too long shows the rows around the selected one.
 */
export async function renderScreen(frame: ScreenFrame, { rows, terminal }: ScreenSize): Promise<readonly string[]> {
  const ellipsis = terminal.unicode ? '…' : '..';
  const facts = frame.facts.map(factText);
  const { input } = frame;
  const ruler = await rulerFor([...facts, ...frame.notes, frame.keys, input?.text ?? '']);
  const fitted = (text: string) => cut(oneLine(visibleText(text)), terminal.width, ellipsis, ruler);
  const head = [...wrapFacts(facts, terminal.width, (text) => ruler.width(text)), ...frame.notes].map(fitted);
  const foot = [...(input === undefined ? [] : [inputLine(input, terminal.width, ruler)]), fitted(frame.keys)];
  const room = Math.max(0, rows - head.length - 1 - foot.length);
  const lines =
    frame.instead === undefined
      ? await tableLines(frame, terminal, { ellipsis, room })
      : await insteadLines(frame.instead, terminal, room);
  const body = [...head, '', ...lines].slice(0, Math.max(0, rows - foot.length));
  return [...body, ...Array.from({ length: rows - foot.length - body.length }, () => ''), ...foot].slice(-rows);
}

/** The end of what is typed is what its typist looks at. */
function inputLine({ label, text }: NonNullable<ScreenFrame['input']>, width: number, ruler: Ruler): string {
  const clusters = [...ruler.clusters(oneLine(visibleText(`${label} ${text}`)))];
  while (clusters.length > 0 && ruler.width(`${clusters.join('')}_`) > width) clusters.shift();
  return `${clusters.join('')}_`;
}

interface Room {
  readonly ellipsis: string;
  /** In lines. */
  readonly room: number;
}

async function tableLines(frame: ScreenFrame, terminal: Terminal, { ellipsis, room }: Room): Promise<string[]> {
  if (frame.rows.length === 0) return [frame.empty];
  const { selected } = frame;
  const capacity = Math.max(1, room - 1);
  const first = Math.max(0, (selected ?? 0) - capacity + 1);
  const rows = frame.rows.slice(first, first + capacity);
  const mark = selected === undefined ? '' : '> ';
  const columns = frame.columns.filter(({ wide }) => wide !== true);
  for (let count = columns.length; count > 0; count -= 1) {
    const shown: readonly Column[] = columns.slice(0, count);
    const grid: Grid = flat(await gridOf(shown, rows, terminal));
    const widths = fitWidths(grid, naturalWidths(grid), terminal.width - mark.length - GAP * (count - 1));
    if (widths === undefined) continue;
    return Array.from(renderColumns(grid, widths, ellipsis), (line, index) => {
      const own = selected !== undefined && index - 1 === selected - first;
      return `${own ? mark : ' '.repeat(mark.length)}${line}`.trimEnd();
    });
  }
  return ['the terminal is too narrow'];
}

/** Wrapped, and from the offset on; the last lines stay when there is nothing further. */
async function insteadLines(instead: Instead, { width }: Terminal, room: number): Promise<readonly string[]> {
  const texts =
    'text' in instead
      ? instead.text
      : instead.columns.map((column) => `${headOf(column)}: ${humanOf(instead.row[column.name], column)}`);
  const visible = texts.map((text) => visibleText(text));
  const ruler = await rulerFor(visible);
  const lines = visible.flatMap((text) => wrap(text, width, ruler));
  const offset = Math.max(0, Math.min(instead.offset, lines.length - room));
  return lines.slice(offset, offset + room);
}

function factText({ name, value, type }: Fact): string {
  return `${name} ${humanOf(value, { name, ...(type === undefined ? {} : { type }) })}`;
}

/** As many facts in a line as it has room for. */
function wrapFacts(facts: readonly string[], width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    const joined = last === undefined ? fact : `${last}   ${fact}`;
    if (last !== undefined && measure(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(fact);
  }
  return lines;
}
