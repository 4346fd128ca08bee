import { humanOf, isNumeric } from './cells.ts';
import type { Column, Report } from './report.ts';
import { withoutEscapes } from './sanitize.ts';
import { headOf, shownColumns } from './tabular.ts';

/**
 * A table of GitHub-flavoured Markdown, for tickets and pull requests: humanised values, everything that Markdown or
 * HTML would interpret escaped, line breaks as <br>. A report that is text becomes a fenced block.
 */
export function* renderMarkdown(report: Report, verbose: boolean): Generator<string> {
  if (report.text !== undefined) {
    yield fenced(withoutEscapes(report.text));
    return;
  }
  for (const [index, { title, columns, rows }] of (report.sections ?? []).entries()) {
    yield `${index === 0 ? '' : '\n'}### ${escaped(title)}\n\n`;
    yield* renderMarkdown({ command: '', columns, rows }, verbose);
  }
  const columns = shownColumns(report.columns, verbose);
  if (columns.length === 0) return;
  yield line(columns.map((column) => escaped(headOf(column))));
  yield line(columns.map((column) => (isNumeric(column) ? '---:' : '---')));
  for (const row of report.rows) yield line(columns.map((column) => cellOf(row[column.name], column)));
}

function cellOf(cell: Report['rows'][number][string], column: Column): string {
  return escaped(humanOf(cell, column));
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/** A backslash before any ASCII punctuation is that character itself (CommonMark 2.4), and `\|` stays in its cell. */
function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]<>&|~]/g, (mark, index: number) =>
      mark === '_' && isInsideWord(text, index) ? mark : `\\${mark}`,
    )
    .replaceAll('\n', '<br>');
}

/** An underscore inside a word never starts emphasis, and names are full of them. */
function isInsideWord(text: string, index: number): boolean {
  return isLetter(text[index - 1]) && isLetter(text[index + 1]);
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}

/** The fence is longer than any run of backticks inside. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.endsWith('\n') || text === '' ? text : `${text}\n`}${fence}\n`;
}
