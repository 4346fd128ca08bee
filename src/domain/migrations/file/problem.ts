import { OrdersyncError } from '../../../errors.ts';
import type { LineColumn } from './position.ts';
import { excerpt, lineColumnOf } from './position.ts';

/** Why a file of the migrations folder cannot be accepted. */
export interface FileProblem {
  /** Base name, NFC. */
  readonly file: string;
  readonly message: string;
  readonly hint?: string;
  readonly place?: LineColumn;
  /** Source line with a caret, see `excerpt`. */
  readonly excerpt?: readonly string[];
}

/** A problem at an offset of the file's text. */
export function problemAt(
  source: { readonly file: string; readonly text: string },
  offset: number,
  words: { readonly message: string; readonly hint?: string },
): FileProblem {
  const { file, text } = source;
  return { file, ...words, place: lineColumnOf(text, offset), excerpt: excerpt(file, text, offset) };
}

/** One error that tells every problem; the files are wrong, not the database: `usage`. */
export function problemsError(problems: readonly FileProblem[]): OrdersyncError {
  const [first] = problems;
  const facts = { ...(first === undefined ? {} : factsOf(first)), problems: problems.map(factsOf) };
  if (first !== undefined && problems.length === 1) {
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    return new OrdersyncError('usage', titleOf(first), { ...hint, body: first.excerpt ?? [], facts });
  }
  return new OrdersyncError('usage', `${problems.length} problems in the migration files`, {
    hint: 'nothing was run; mend the files and run the command again',
    body: problems.flatMap((problem, index) => [...(index === 0 ? [] : ['']), ...linesOf(problem)]),
    facts,
  });
}

function titleOf({ file, place, message }: FileProblem): string {
  return place === undefined ? `${file}: ${message}` : `${file}:${place.line}:${place.column}: ${message}`;
}

/** The excerpt's first line repeats the place that the title already has. */
function linesOf(problem: FileProblem): string[] {
  const hint = problem.hint === undefined ? [] : [`hint: ${problem.hint}`];
  return [titleOf(problem), ...(problem.excerpt ?? []).slice(1), ...hint];
}

function factsOf({ file, place, message }: FileProblem): Readonly<Record<string, unknown>> {
  return { file, ...place, message };
}
