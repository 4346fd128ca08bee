import { terminalWidth } from './terminal-width.ts';

/** A place in a text, both from 1; the column counts characters (code points), as editors and PostgreSQL do. */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** The UTF-16 offset of a server's error position, which counts code points from 1. Beyond the end: the end. */
export function offsetOfPosition(text: string, position: number): number {
  let offset = 0;
  for (let seen = 1; seen < position && offset < text.length; seen += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xff_ff ? 2 : 1;
  }
  return offset;
}

export function lineColumnOf(text: string, offset: number): LineColumn {
  let line = 1;
  let lineStart = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < offset; next = text.indexOf('\n', lineStart)) {
    line += 1;
    lineStart = next + 1;
  }
  return { line, column: Array.from(text.slice(lineStart, offset)).length + 1 };
}

/**
 * The place of an error as people read it, four lines without a final newline:
 *
 *     --> 001_주문.up.sql:3:15
 *       |
 *     3 | alter table 주문 add column x intt;
 *       |                              ^
 *
 * The caret stands under the character on a terminal: wide characters count two columns, tabs become spaces. A long line is
 * shown around the place, control characters are replaced so that no file can move the cursor.
 */
export function excerpt(file: string, text: string, offset: number): string[] {
  const at = Math.min(Math.max(offset, 0), text.length);
  const { line, column } = lineColumnOf(text, at);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const newline = text.indexOf('\n', at);
  const { before, after } = aroundCaret(
    text.slice(lineStart, at),
    text.slice(at, newline === -1 ? undefined : newline),
  );
  const number = String(line);
  const margin = ' '.repeat(number.length);
  return [
    `--> ${file}:${line}:${column}`,
    `${margin} |`,
    `${number} | ${before}${after}`.trimEnd(),
    `${margin} | ${' '.repeat(terminalWidth(before))}^`,
  ];
}

/** How much of a long line is shown on each side, in characters: together one line of a wide terminal. */
const BEFORE_CARET = 70;
const AFTER_CARET = 50;

function aroundCaret(before: string, after: string): { before: string; after: string } {
  // Code points, so that no pair of surrogates is cut; four units per character are more than enough.
  const left = Array.from(printable(before.slice(-4 * BEFORE_CARET)));
  const right = Array.from(printable(after.slice(0, 4 * AFTER_CARET)));
  return {
    before: left.length > BEFORE_CARET ? `…${left.slice(-BEFORE_CARET).join('')}` : left.join(''),
    after: right.length > AFTER_CARET ? `${right.slice(0, AFTER_CARET).join('')}…` : right.join(''),
  };
}

const CONTROL = /[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

function printable(text: string): string {
  return text.replaceAll('\t', '    ').replaceAll(CONTROL, '\u{fffd}');
}
