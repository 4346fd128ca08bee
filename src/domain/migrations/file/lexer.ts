import { BACKSLASH, DIGIT, DOLLAR, DOUBLE_QUOTE, QUOTE, SPACE, WORD, classOf } from './characters.ts';

/**
 * PostgreSQL's lexical rules, as far as they decide where a statement ends: src/backend/parser/scan.l and
 * src/fe_utils/psqlscan.l of PostgreSQL 15 to 18. Keywords are not told from names here; that is the reader's business.
 */
export type TokenKind =
  | 'word' // keyword or unquoted name
  | 'quoted_name' // "name", U&"name"
  | 'string' // 'text', E'', B'', X'', N'', U&'', $tag$text$tag$
  | 'number'
  | 'parameter' // $1
  | 'symbol' // one character of an operator or punctuation
  | 'backslash' // never part of SQL: a psql command
  | 'line_comment'
  | 'block_comment'
  | 'end';

/** A position in a text; `advance` moves it over the next token. Offsets are UTF-16 code units, `end` exclusive. */
export interface Cursor {
  readonly text: string;
  kind: TokenKind;
  start: number;
  end: number;
  /** False where the text has set standard_conforming_strings to off: a backslash then escapes in plain '' strings. */
  standardStrings: boolean;
  /** True when the token just read (string, quoted name or block comment) has no end. */
  unterminated: boolean;
}

/** A cursor before the first token of `text`. */
export function cursorOf(text: string): Cursor {
  return { text, kind: 'end', start: 0, end: 0, standardStrings: true, unterminated: false };
}

/** Reads the next token; `end` is the kind after the last one. Comments are tokens, white space is not. */
export function advance(cursor: Cursor): TokenKind {
  const { text } = cursor;
  const start = skipSpace(text, cursor.end);
  cursor.start = start;
  cursor.unterminated = false;
  if (start >= text.length) return token(cursor, 'end', start);
  switch (classOf(text.charCodeAt(start))) {
    case WORD:
      return scanWord(cursor);
    case DIGIT:
      return token(cursor, 'number', endOfNumber(text, start));
    case QUOTE:
      return scanString(cursor, start, !cursor.standardStrings);
    case DOUBLE_QUOTE:
      return scanQuotedName(cursor, start);
    case DOLLAR:
      return scanDollar(cursor);
    case BACKSLASH:
      return token(cursor, 'backslash', start + 1);
    default:
      return scanSymbol(cursor);
  }
}

const CODE = {
  newline: 10,
  carriageReturn: 13,
  ampersand: 38,
  quote: 39,
  star: 42,
  dash: 45,
  dot: 46,
  slash: 47,
  backslash: 92,
} as const;

function token(cursor: Cursor, kind: TokenKind, end: number): TokenKind {
  cursor.kind = kind;
  cursor.end = end;
  return kind;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && classOf(text.charCodeAt(at)) === SPACE) at += 1;
  return at;
}

function scanWord(cursor: Cursor): TokenKind {
  const { text, start } = cursor;
  const second = text.charCodeAt(start + 1);
  if (second === CODE.quote || second === CODE.ampersand) {
    const prefix = text[start]?.toLowerCase();
    if (second === CODE.quote) {
      if (prefix === 'e') return scanString(cursor, start + 1, true);
      if (prefix === 'b' || prefix === 'x') return scanString(cursor, start + 1, false);
      if (prefix === 'n') return scanString(cursor, start + 1, !cursor.standardStrings);
    } else if (prefix === 'u') {
      if (text[start + 2] === "'") return scanString(cursor, start + 2, false);
      if (text[start + 2] === '"') return scanQuotedName(cursor, start + 2);
    }
  }
  return token(cursor, 'word', endOfWord(text, start));
}

function endOfWord(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const kind = classOf(text.charCodeAt(at));
    // A $ inside a name belongs to it: a$b$ opens no dollar quote.
    if (kind !== WORD && kind !== DIGIT && kind !== DOLLAR) break;
  }
  return at;
}

function scanString(cursor: Cursor, open: number, escapes: boolean): TokenKind {
  const { text } = cursor;
  let at = open + 1;
  for (;;) {
    at = escapes ? endOfEscapes(text, at) : indexFrom(text, "'", at);
    if (at >= text.length) {
      cursor.unterminated = true;
      return token(cursor, 'string', text.length);
    }
    if (text.charCodeAt(at + 1) === CODE.quote) at += 2;
    else {
      // Only E'' needs it: its continuation on the next line knows escapes too, though it has no E of its own.
      const next = escapes ? continuation(text, at + 1) : undefined;
      if (next === undefined) return token(cursor, 'string', at + 1);
      at = next;
    }
  }
}

function endOfEscapes(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CODE.quote) return at;
    at += code === CODE.backslash ? 2 : 1;
  }
  return text.length;
}

/** Two literals with only white space (comments included) and at least one line break between are one literal. */
function continuation(text: string, from: number): number | undefined {
  let at = from;
  let newline = false;
  for (;;) {
    const next = skipSpace(text, at);
    newline ||= /[\n\r]/.test(text.slice(at, next));
    if (!text.startsWith('--', next)) return newline && text.charCodeAt(next) === CODE.quote ? next + 1 : undefined;
    at = endOfLine(text, next);
  }
}

function scanQuotedName(cursor: Cursor, open: number): TokenKind {
  const { text } = cursor;
  let at = indexFrom(text, '"', open + 1);
  while (text[at + 1] === '"') at = indexFrom(text, '"', at + 2);
  cursor.unterminated = at >= text.length;
  return token(cursor, 'quoted_name', Math.min(at + 1, text.length));
}

function scanDollar(cursor: Cursor): TokenKind {
  const { text, start } = cursor;
  let at = start + 1;
  if (classOf(text.charCodeAt(at)) === DIGIT) {
    while (classOf(text.charCodeAt(at)) === DIGIT) at += 1;
    return token(cursor, 'parameter', at);
  }
  if (at < text.length && classOf(text.charCodeAt(at)) === WORD) at = endOfTag(text, at);
  if (text[at] !== '$') return token(cursor, 'symbol', start + 1);
  const tag = text.slice(start, at + 1);
  const close = text.indexOf(tag, at + 1);
  cursor.unterminated = close === -1;
  return token(cursor, 'string', close === -1 ? text.length : close + tag.length);
}

function endOfTag(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at += 1) {
    const kind = classOf(text.charCodeAt(at));
    if (kind !== WORD && kind !== DIGIT) break;
  }
  return at;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if (kind !== WORD && kind !== DIGIT && code !== CODE.dot) break;
  }
  return at;
}

function scanSymbol(cursor: Cursor): TokenKind {
  const { text, start } = cursor;
  const code = text.charCodeAt(start);
  const next = text.charCodeAt(start + 1);
  if (code === CODE.dash && next === CODE.dash) return token(cursor, 'line_comment', endOfLine(text, start));
  if (code === CODE.slash && next === CODE.star) return scanBlockComment(cursor);
  if (code === CODE.dot && classOf(next) === DIGIT) return token(cursor, 'number', endOfNumber(text, start + 1));
  return token(cursor, 'symbol', start + 1);
}

/** Block comments nest, unlike in most languages. */
function scanBlockComment(cursor: Cursor): TokenKind {
  const { text } = cursor;
  let depth = 1;
  let at = cursor.start + 2;
  while (at < text.length && depth > 0) {
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (code === CODE.star && next === CODE.slash) depth -= 1;
    else if (code === CODE.slash && next === CODE.star) depth += 1;
    else {
      at += 1;
      continue;
    }
    at += 2;
  }
  cursor.unterminated = depth > 0;
  return token(cursor, 'block_comment', Math.min(at, text.length));
}

/** A lone carriage return ends a line too, as for the server. */
function endOfLine(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === CODE.newline || code === CODE.carriageReturn) break;
  }
  return at;
}

function indexFrom(text: string, part: string, from: number): number {
  const at = text.indexOf(part, from);
  return at === -1 ? text.length : at;
}
