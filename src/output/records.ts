import type { Grid } from './layout.ts';
import { pad, wrap } from './width.ts';

const LEAST_VALUE = 10;

/** One `key: value` line per column and an empty line between rows. Long values continue under their first line. */
export function* renderRecords(grid: Grid, width: number): Generator<string> {
  const keyWidth = Math.max(...grid.heads.map((head) => grid.ruler.width(head)));
  const valueWidth = Math.max(LEAST_VALUE, width - keyWidth - 2);
  for (const [number, row] of grid.rows.entries()) {
    if (number > 0) yield '\n';
    for (const [index, text] of row.entries()) yield record(grid, index, text, keyWidth, valueWidth);
  }
}

function record(grid: Grid, index: number, text: string, keyWidth: number, valueWidth: number): string {
  const key = pad(grid.heads[index] ?? '', keyWidth, 'left', grid.ruler);
  const indent = ' '.repeat(keyWidth + 2);
  return wrap(text, valueWidth, grid.ruler)
    .map((line, number) => {
      const start = number === 0 ? `${grid.style.heading(key)}: ` : indent;
      return `${start}${grid.paint(line, index)}`.trimEnd() + '\n';
    })
    .join('');
}
