import type { Grid } from './layout.ts';
import { naturalWidths } from './layout.ts';
import { cut, pad } from './width.ts';

const GAP = '  ';

/**
 * Aligned columns without lines, one row per line: streams any number of rows, and `awk`, `grep` and `cut` can read it.
 * Without widths nothing is cut.
 */
export function* renderColumns(grid: Grid, widths: readonly number[] | undefined, ellipsis: string): Generator<string> {
  const columns = widths ?? naturalWidths(grid);
  yield lineOf(grid, grid.heads, columns, ellipsis, (text) => grid.style.heading(text));
  for (const row of grid.rows) yield lineOf(grid, row, columns, ellipsis, grid.paint);
}

function lineOf(
  grid: Grid,
  cells: readonly string[],
  widths: readonly number[],
  ellipsis: string,
  paint: Grid['paint'],
): string {
  const last = widths.length - 1;
  const parts = widths.map((width, index) => {
    const text = cut(cells[index] ?? '', width, ellipsis, grid.ruler);
    const align = grid.aligns[index] ?? 'left';
    // No spaces at the end of a line: they wrap on a terminal and show in a diff.
    const aligned = index === last && align === 'left' ? text : pad(text, width, align, grid.ruler);
    return paint(aligned, index);
  });
  return `${parts.join(GAP)}\n`;
}
