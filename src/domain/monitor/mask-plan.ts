import type { Cursor } from '../migrations/file/lexer.ts';
import { advance, cursorOf } from '../migrations/file/lexer.ts';

/** What the planner reckons, at the end of each node's line. */
const ESTIMATES = /\(cost=\d+\.\d+\.\.\d+\.\d+ rows=\d+ width=\d+\)$/gm;
/** Lines of which the number is the planner's own. */
const FIGURES =
  /^\s*(?:Workers Planned|Planned Partitions|Subplans Removed|Functions|Query Identifier|Planning Time): .*$/gm;
/** `(SubPlan 1).col1`, `InitPlan 2 (returns $0)`: which part of the plan is meant. */
const PART = /\b(?:SubPlan|InitPlan|SubPlans|alternatives:) $/;

/**
 * The lines of a plan without its literals: each string and number of a condition becomes `?`, also those that come from a
 * view or a policy and not from the statement. Estimates and references to parts of the plan stay. A literal with line ends
 * in it stands on several lines of EXPLAIN, so that the lines are read as one text.
 */
export function maskPlan(lines: readonly string[]): readonly string[] {
  const text = lines.join('\n');
  const own = [...text.matchAll(ESTIMATES), ...text.matchAll(FIGURES)].map(({ index, 0: part }) => ({
    start: index,
    end: index + part.length,
  }));
  const cursor = cursorOf(text);
  let masked = '';
  let end = 0;
  for (let kind = advance(cursor); kind !== 'end'; kind = advance(cursor)) {
    masked += text.slice(end, cursor.start) + tokenOf(cursor, own);
    end = cursor.end;
  }
  return masked.split('\n');
}

function tokenOf({ kind, text, start, end }: Cursor, own: readonly { start: number; end: number }[]): string {
  const token = text.slice(start, end);
  if (kind === 'string') return '?';
  // There are no comments in a plan: what looks like one is not understood, and not shown.
  if (kind === 'line_comment' || kind === 'block_comment') return '?';
  if (kind !== 'number') return token;
  const isOwn = own.some((part) => part.start <= start && end <= part.end);
  return isOwn || PART.test(text.slice(Math.max(0, start - 20), start)) ? token : '?';
}
