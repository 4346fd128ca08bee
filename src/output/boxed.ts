import Table from 'cli-table3';
import type { Grid } from './layout.ts';
import { withoutEscapes } from './sanitize.ts';
import { cut } from './width.ts';

// cli-table3 draws Unicode unless told otherwise.
const ASCII_LINES = {
  top: '-',
  'top-mid': '+',
  'top-left': '+',
  'top-right': '+',
  bottom: '-',
  'bottom-mid': '+',
  'bottom-left': '+',
  'bottom-right': '+',
  left: '|',
  'left-mid': '+',
  mid: '-',
  'mid-mid': '+',
  right: '|',
  'right-mid': '+',
  middle: '|',
} as const;

/** Columns that the lines and the padding of a box with this many columns take. */
export function boxOverhead(columns: number): number {
  return 3 * columns + 1;
}

/**
 * A table with lines around and under the head. Undefined when cli-table3, which measures by older Unicode rules than
 * ours, would draw a crooked box (some emoji and joined scripts); then columns without lines are drawn instead.
 */
export function renderBoxed(
  grid: Grid,
  widths: readonly number[],
  ellipsis: string,
  unicode: boolean,
): string | undefined {
  const rows = grid.rows.map((row) =>
    row.map((text, index) => grid.paint(cut(text, widths[index] ?? 0, ellipsis, grid.ruler), index)),
  );
  const box = draw(grid, rows, unicode);
  return isStraight(withoutEscapes(box), grid) ? `${box}\n` : undefined;
}

function draw(grid: Grid, rows: readonly (readonly string[])[], unicode: boolean): string {
  const table = new Table({
    head: grid.heads.map((head) => grid.style.heading(head)),
    colAligns: [...grid.aligns],
    // The defaults are red heads and grey lines: cli-table3 writes their escapes into pipes and in spite of NO_COLOR.
    style: { head: [], border: [], compact: true },
    ...(unicode ? {} : { chars: ASCII_LINES }),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

function isStraight(box: string, grid: Grid): boolean {
  const lines = box.split('\n');
  const first = grid.ruler.width(lines[0] ?? '');
  return lines.every((line) => grid.ruler.width(line) === first);
}
