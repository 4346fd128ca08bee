/** One line of a difference: kept, only in what is expected (-), or only in what is there (+). */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Definitions beyond this many lines on both sides are shown whole, not compared line by line (the table is quadratic). */
const MAX_CELLS = 4_000_000;

/** Line difference by longest common subsequence. */
export function diffLines(expected: string, actual: string): DiffLine[] {
  const left = expected.split('\n');
  const right = actual.split('\n');
  if (left.length * right.length > MAX_CELLS) {
    return [
      ...left.map((text) => ({ sign: '-' as const, text })),
      ...right.map((text) => ({ sign: '+' as const, text })),
    ];
  }
  return walk(left, right, commonLengths(left, right));
}

/** lengths[i][j]: longest common subsequence of left from i and right from j. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const same = left[i] === right[j];
      const next = same ? at(lengths, i + 1, j + 1) + 1 : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
      lengths[i]?.fill(next, j, j + 1);
    }
  }
  return lengths;
}

function walk(left: readonly string[], right: readonly string[], lengths: readonly Uint32Array[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push({ sign: ' ', text: left[i] ?? '' });
      i += 1;
      j += 1;
    } else if (i < left.length && (j === right.length || at(lengths, i + 1, j) >= at(lengths, i, j + 1))) {
      lines.push({ sign: '-', text: left[i] ?? '' });
      i += 1;
    } else {
      lines.push({ sign: '+', text: right[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}

function at(lengths: readonly Uint32Array[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}
