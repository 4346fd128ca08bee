import { advance, cursorOf } from './lexer.ts';
import type { Cursor } from './lexer.ts';

/** One statement of a file: without its semicolon, and without white space and comments around it. */
export interface Statement {
  readonly text: string;
  /** UTF-16 offsets into the file's text, `end` exclusive: `text === file.slice(start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Where it starts, from 1; the column counts characters (code points). */
  readonly line: number;
  readonly column: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Split {
  readonly statements: readonly Statement[];
  /** Every `--` comment outside literals, in order. */
  readonly lineComments: readonly Span[];
  /** Backslashes outside literals and comments: psql commands, which no server understands. */
  readonly backslashes: readonly number[];
  /** What the text leaves open, and where it was opened; the last statement then reaches to the end. */
  readonly unterminated: { readonly what: Unterminated; readonly start: number } | undefined;
}

export type Unterminated = 'string' | 'dollar-quoted string' | 'quoted name' | 'comment' | 'begin atomic body';

/**
 * Cuts a text into statements as psql does: at a semicolon that stands in no literal, comment, parenthesis or
 * BEGIN ATOMIC body. Linear in the length of the text; never throws.
 */
export function splitStatements(text: string): Split {
  const cursor = cursorOf(text);
  const marks: Marks = { lineComments: [], backslashes: [], unterminated: undefined };
  const statements: Statement[] = [];
  const place: Place = { offset: 0, line: 1, column: 1 };
  for (let span = nextStatement(cursor, marks); span !== undefined; span = nextStatement(cursor, marks)) {
    movePlace(place, text, span.start);
    const statement = {
      text: text.slice(span.start, span.end),
      start: span.start,
      end: span.end,
      line: place.line,
      column: place.column,
    };
    statements.push(statement);
    cursor.standardStrings = standardStringsAfter(statement.text, cursor.standardStrings);
  }
  return { statements, ...marks };
}

interface Marks {
  lineComments: Span[];
  backslashes: number[];
  unterminated: Split['unterminated'];
}

interface Place {
  offset: number;
  line: number;
  column: number;
}

/** What is known while one statement is read. */
interface Reading {
  start: number;
  end: number;
  /** Open parentheses: CREATE RULE … DO (a; b) is one statement. */
  depth: number;
  /** The first words in lower case, enough to recognise CREATE OR REPLACE FUNCTION. */
  readonly head: string[];
  routine: boolean;
  /** Where BEGIN ATOMIC stands while its body is open, else -1. */
  bodyStart: number;
  previous: 'begin' | 'atomic' | 'semicolon' | 'other';
  previousStart: number;
}

/** Reads to the next semicolon that ends a statement; empty statements are passed over. */
function nextStatement(cursor: Cursor, marks: Marks): Span | undefined {
  const reading = newReading();
  let ended = false;
  while (!ended && advance(cursor) !== 'end') {
    if (cursor.unterminated) marks.unterminated = { what: openLiteral(cursor), start: cursor.start };
    if (cursor.kind === 'line_comment') marks.lineComments.push({ start: cursor.start, end: cursor.end });
    else if (cursor.kind !== 'block_comment') {
      if (cursor.kind === 'backslash') marks.backslashes.push(cursor.start);
      ended = take(cursor, reading);
    }
  }
  if (!ended && reading.bodyStart !== -1) {
    marks.unterminated ??= { what: 'begin atomic body', start: reading.bodyStart };
  }
  return reading.start === -1 ? undefined : { start: reading.start, end: reading.end };
}

function newReading(): Reading {
  return {
    start: -1,
    end: -1,
    depth: 0,
    head: [],
    routine: false,
    bodyStart: -1,
    previous: 'other',
    previousStart: -1,
  };
}

function openLiteral(cursor: Cursor): Unterminated {
  if (cursor.kind === 'block_comment') return 'comment';
  if (cursor.kind === 'quoted_name') return 'quoted name';
  return cursor.text[cursor.start] === '$' ? 'dollar-quoted string' : 'string';
}

/** Adds the token to the statement; true when it is the semicolon that ends it. */
function take(cursor: Cursor, reading: Reading): boolean {
  const symbol = cursor.kind === 'symbol' ? cursor.text.charCodeAt(cursor.start) : 0;
  if (symbol === CODE.semicolon && reading.depth === 0 && reading.bodyStart === -1) return reading.start !== -1;
  if (reading.start === -1) reading.start = cursor.start;
  reading.end = cursor.end;
  if (symbol === CODE.open) reading.depth += 1;
  else if (symbol === CODE.close && reading.depth > 0) reading.depth -= 1;
  if (cursor.kind === 'word' && (reading.routine || reading.head.length < HEAD_WORDS)) takeWord(cursor, reading);
  else reading.previous = symbol === CODE.semicolon ? 'semicolon' : 'other';
  return false;
}

const HEAD_WORDS = 4;
const CODE = { newline: 10, open: 40, close: 41, semicolon: 59 } as const;

function takeWord(cursor: Cursor, reading: Reading): void {
  const word = cursor.text.slice(cursor.start, cursor.end).toLowerCase();
  if (reading.head.length < HEAD_WORDS) reading.head.push(word);
  reading.routine ||= startsRoutine(reading.head);
  if (reading.routine && reading.depth === 0) watchBody(word, reading);
  reading.previous = word === 'begin' || word === 'atomic' ? word : 'other';
  reading.previousStart = cursor.start;
}

/**
 * The grammar is exact here where psql counts BEGIN, CASE and END: a body opens with BEGIN directly followed by ATOMIC, and
 * each of its statements ends in a semicolon, so the END that closes it follows a semicolon or ATOMIC. The END of a CASE never
 * does, and names such as `begin`, `atomic_swap` or `pending` do not matter.
 */
function watchBody(word: string, reading: Reading): void {
  if (reading.bodyStart === -1) {
    if (word === 'atomic' && reading.previous === 'begin') reading.bodyStart = reading.previousStart;
  } else if (word === 'end' && (reading.previous === 'semicolon' || reading.previous === 'atomic')) {
    reading.bodyStart = -1;
  }
}

function startsRoutine(head: readonly string[]): boolean {
  const at = head[1] === 'or' && head[2] === 'replace' ? 3 : 1;
  return head[0] === 'create' && (head[at] === 'function' || head[at] === 'procedure');
}

/** Moves to a later offset, each character looked at once: one long line costs no more than many short ones. */
function movePlace(place: Place, text: string, to: number): void {
  let { line, column } = place;
  for (let at = place.offset; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === CODE.newline) {
      line += 1;
      column = 1;
    } else if (!isLowSurrogate(code)) column += 1;
  }
  place.offset = to;
  place.line = line;
  place.column = column;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc_00 && code <= 0xdf_ff;
}

/** SET standard_conforming_strings changes how the rest of the text is read, as psql follows the server's setting. */
function standardStringsAfter(statement: string, before: boolean): boolean {
  if (!/^(?:re)?set\s[^;]{0,80}standard_conforming_strings/i.test(statement)) return before;
  const cursor = cursorOf(statement);
  let last = '';
  while (advance(cursor) !== 'end') last = statement.slice(cursor.start, cursor.end);
  return !/^'?(?:off?|f(?:a(?:l(?:se?)?)?)?|no?|0)'?$/i.test(last);
}
