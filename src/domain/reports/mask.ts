import type { Cursor } from '../migrations/file/lexer.ts';
import { advance, cursorOf } from '../migrations/file/lexer.ts';

/**
 * The text of a statement without its literals: each string and number becomes `?`, comments go, white space becomes one
 * blank. pg_stat_statements keeps the literals of utility statements, a password among them, and pg_stat_activity keeps
 * all; a comment may hold anything.
 */
export function maskStatement(text: string): string {
  const cursor = cursorOf(text.normalize('NFC'));
  let masked = '';
  // Looking at the end of `masked` instead would join its pieces anew at every token.
  let blank = true;
  let end = 0;
  for (let kind = advance(cursor); kind !== 'end'; kind = advance(cursor)) {
    const gap = cursor.start > end;
    end = cursor.end;
    if (kind === 'line_comment' || kind === 'block_comment') {
      // What follows an unfinished comment is the comment.
      if (!blank) masked += ' ';
      blank = true;
      continue;
    }
    if (gap && !blank) masked += ' ';
    masked += tokenOf(cursor);
    blank = false;
    if (isAmbiguous(cursor)) return `${masked} …`;
  }
  return masked.trimEnd();
}

function tokenOf({ kind, text, start, end }: Cursor): string {
  return kind === 'string' || kind === 'number' ? '?' : text.slice(start, end);
}

/**
 * A session with standard_conforming_strings off reads `\'` as part of the string: where that makes a difference, what
 * follows may still be the literal, and nothing of it is shown.
 */
function isAmbiguous({ kind, text, start, end }: Cursor): boolean {
  return kind === 'string' && text[start] === "'" && /(?:^|[^\\])(?:\\\\)*\\'/.test(text.slice(start + 1, end));
}
