import type { Style } from './style.ts';
import type { Ruler } from './width.ts';

/** A table ready to be drawn: every text visible, measured by one ruler. */
export interface Grid {
  readonly heads: readonly string[];
  readonly aligns: readonly ('left' | 'right')[];
  /** Cells for people; they may have several lines. */
  readonly rows: readonly (readonly string[])[];
  /** Whether a column may be cut to fit: running text may, a figure or a state may not. */
  readonly cuttable: readonly boolean[];
  /** Colours a cell that already has its final text. */
  readonly paint: (text: string, columnIndex: number) => string;
  readonly ruler: Ruler;
  readonly style: Style;
}

/** The width each column has when nothing is cut. */
export function naturalWidths(grid: Grid): readonly number[] {
  const widths = grid.heads.map((head) => grid.ruler.width(head));
  for (const row of grid.rows) {
    for (const [index, text] of row.entries()) {
      // A text has at most two columns per code unit: most cells need no measuring.
      const known = widths[index] ?? 0;
      if (text.length * 2 > known) widths[index] = Math.max(known, grid.ruler.width(text));
    }
  }
  return widths;
}

// Less than this of a query or a name says nothing any more.
const LEAST_TEXT = 12;

/**
 * Widths that fit into `available` columns by cutting the widest running texts first, or undefined when the table
 * would still be too wide. Heads, figures and states are never cut.
 */
export function fitWidths(grid: Grid, natural: readonly number[], available: number): readonly number[] | undefined {
  const least = natural.map((width, index) =>
    grid.cuttable[index] === true
      ? Math.max(grid.ruler.width(grid.heads[index] ?? ''), Math.min(width, LEAST_TEXT))
      : width,
  );
  for (let limit = Math.max(...natural, 0); limit >= 0; limit = Math.min(limit - 1, available)) {
    const widths = natural.map((width, index) => Math.max(least[index] ?? width, Math.min(width, limit)));
    if (sum(widths) <= available) return filled(widths, natural, available - sum(widths));
  }
  return undefined;
}

/** Gives what is left over, less than one place per cut column, to the first of them. */
function filled(widths: readonly number[], natural: readonly number[], left: number): readonly number[] {
  let rest = left;
  return widths.map((width, index) => {
    if (rest === 0 || width >= (natural[index] ?? 0)) return width;
    rest -= 1;
    return width + 1;
  });
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}
