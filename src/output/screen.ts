import { renderColumns } from './columns.ts';
import { fitWidths, naturalWidths } from './layout.ts';
import type { Grid } from './layout.ts';
import type { Column, Fact, ScreenFrame } from './report.ts';
import { oneLine, visibleText } from './sanitize.ts';
import { flat, gridOf } from './table.ts';
import { humanOf } from './cells.ts';
import type { Terminal } from './terminal.ts';
import { cut, rulerFor } from './width.ts';

export interface ScreenSize {
  readonly rows: number;
  readonly terminal: Terminal;
}

const GAP = 2;

/**
 * A full screen as exactly so many lines, none wider than the terminal: facts, the table, and the keys in the last line. A
 * table that is too wide loses running text first, then columns from the right; one that is too long loses its last rows.
 */
export async function renderScreen(frame: ScreenFrame, { rows, terminal }: ScreenSize): Promise<readonly string[]> {
  const ellipsis = terminal.unicode ? '…' : '..';
  const facts = frame.facts.map(factText);
  const ruler = await rulerFor([...facts, ...frame.notes, frame.keys]);
  const fitted = (text: string) => cut(oneLine(visibleText(text)), terminal.width, ellipsis, ruler);
  const head = [...wrapFacts(facts, terminal.width, (text) => ruler.width(text)), ...frame.notes].map(fitted);
  const table = await tableLines(frame, terminal, ellipsis);
  const body = [...head, '', ...table].slice(0, Math.max(0, rows - 1));
  return [...body, ...Array.from({ length: rows - 1 - body.length }, () => ''), fitted(frame.keys)];
}

async function tableLines(frame: ScreenFrame, terminal: Terminal, ellipsis: string): Promise<string[]> {
  if (frame.rows.length === 0) return [frame.empty];
  const columns = frame.columns.filter(({ wide }) => wide !== true);
  for (let count = columns.length; count > 0; count -= 1) {
    const shown: readonly Column[] = columns.slice(0, count);
    const grid: Grid = flat(await gridOf(shown, frame.rows, terminal));
    const widths = fitWidths(grid, naturalWidths(grid), terminal.width - GAP * (count - 1));
    if (widths !== undefined) return [...renderColumns(grid, widths, ellipsis)].map((line) => line.trimEnd());
  }
  return ['the terminal is too narrow'];
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
