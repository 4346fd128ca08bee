import { readDirectives } from './directives.ts';
import type { MigrationScript } from './migration.ts';
import type { FileProblem } from './problem.ts';
import { refusalsOf } from './refusals.ts';
import { splitStatements } from './split.ts';

/**
 * Statements and directives of one file's text, and everything that makes it unacceptable. `text` is normalised
 * (see `decodeText`); with problems the script is what could be read, good enough to be compared but not to be run.
 */
export function parseScript(
  file: string,
  text: string,
): { readonly script: MigrationScript; readonly problems: readonly FileProblem[] } {
  const source = { file, text };
  const split = splitStatements(text);
  const { directives, problems } = readDirectives(source, split);
  const script = { file, text, statements: split.statements, directives };
  return { script, problems: [...problems, ...refusalsOf(source, split, directives)] };
}
