import { counted } from '../../../counted.ts';
import type { Content, Leaf } from './content.ts';

/** An hour whose rows are not the same. */
export interface DifferingLeaf {
  /** Null for the one leaf of a source without time. */
  readonly hour: string | null;
  readonly kind: 'changed' | 'missing' | 'extra';
  readonly expected: number;
  readonly found: number;
  /** `12 rows, not 11`, of what was found. */
  readonly message: string;
}

export interface Comparison {
  readonly equal: boolean;
  readonly differing: readonly DifferingLeaf[];
}

type Compared = Pick<Content, 'root' | 'rows' | 'leaves'>;

/** Whether two hold the same rows, and else in which hours they differ. */
export function compareContent(expected: Compared, found: Compared): Comparison {
  const wanted = new Map(expected.leaves.map((leaf) => [leaf.hour, leaf]));
  const seen = new Map(found.leaves.map((leaf) => [leaf.hour, leaf]));
  const hours = [...new Set([...wanted.keys(), ...seen.keys()])].sort((left, right) =>
    (left ?? '') < (right ?? '') ? -1 : 1,
  );
  const differing = hours.flatMap((hour) => differenceOf(hour, wanted.get(hour), seen.get(hour)));
  return { equal: expected.root === found.root && expected.rows === found.rows && differing.length === 0, differing };
}

function differenceOf(hour: string | null, expected?: Leaf, found?: Leaf): readonly DifferingLeaf[] {
  if (expected !== undefined && found !== undefined) {
    if (expected.sha256 === found.sha256 && expected.rows === found.rows) return [];
    const message =
      expected.rows === found.rows
        ? 'its rows are not the archived ones'
        : `${counted(found.rows, 'row')}, not ${expected.rows}`;
    return [{ hour, kind: 'changed', expected: expected.rows, found: found.rows, message }];
  }
  const kind = found === undefined ? 'missing' : 'extra';
  const message = found === undefined ? 'it is missing' : 'it should not be there';
  return [{ hour, kind, expected: expected?.rows ?? 0, found: found?.rows ?? 0, message }];
}
