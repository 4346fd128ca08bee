import type { Cursor } from '../migrations/file/lexer.ts';
import { advance, cursorOf } from '../migrations/file/lexer.ts';

/**
 * The text of a statement without its literals: each string and number becomes `?`, comments go, white space becomes one
 * blank. pg_stat_statements keeps the literals of utility statements, a password among them, and pg_stat_activity keeps
 * all; a comment may hold anything. What SET gives a parameter may be a bare word, and is masked too.
 */
export function maskStatement(text: string): string {
  const cursor = cursorOf(text.normalize('NFC'));
  let masked = '';
  // Looking at the end of `masked` instead would join its pieces anew at every token.
  let blank = true;
  let end = 0;
  const setting = settingReader();
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
    masked += setting(cursor) ? '?' : tokenOf(cursor);
    blank = false;
    if (isAmbiguous(cursor)) return `${masked} …`;
  }
  return masked.trimEnd();
}

/** Tells of each token whether it is a word that SET, or ALTER … SET, gives a parameter as its value. */
function settingReader(): (cursor: Cursor) => boolean {
  let words: string[] = [];
  let assigned = false;
  return ({ kind, text, start, end }) => {
    const token = text.slice(start, end).toLowerCase();
    if (token === ';') {
      words = [];
      assigned = false;
      return false;
    }
    if (assigned) return kind === 'word' || kind === 'quoted_name';
    if (kind === 'word' && words.length < MOST_WORDS) words.push(token);
    const sets = words[0] === 'set' || (words[0] === 'alter' && words.includes('set'));
    assigned = sets && (token === '=' || (kind === 'word' && token === 'to'));
    return false;
  };
}

/** Before the value: alter role … in database … set name.of.parameter to. */
const MOST_WORDS = 16;

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
