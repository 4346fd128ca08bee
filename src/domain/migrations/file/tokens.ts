import { advance, cursorOf } from './lexer.ts';
import type { TokenKind } from './lexer.ts';

/** A token of one statement; comments are left out. */
export interface Token {
  readonly kind: TokenKind;
  /** Lower case for unquoted words, without quotes for names in quotes, as written for the rest. */
  readonly value: string;
  /** UTF-16 offsets in the statement's text. */
  readonly start: number;
  readonly end: number;
}

export function tokensOf(statement: string): readonly Token[] {
  const cursor = cursorOf(statement);
  const tokens: Token[] = [];
  while (advance(cursor) !== 'end') {
    const { kind, start, end } = cursor;
    if (kind === 'line_comment' || kind === 'block_comment') continue;
    tokens.push({ kind, value: valueOf(kind, statement.slice(start, end)), start, end });
  }
  return tokens;
}

/**
 * Matches keywords from `at`: words apart by spaces, `a|b` one of several, `a?` may be missing. Names in quotes never match.
 * Returns the index after the match, or undefined.
 */
export function matchWords(tokens: readonly Token[], at: number, pattern: string): number | undefined {
  if (cannotStart(tokens[at], pattern)) return undefined;
  let next = at;
  for (const part of pattern.split(' ')) {
    const optional = part.endsWith('?');
    const token = tokens[next];
    if (token?.kind === 'word' && (optional ? part.slice(0, -1) : part).split('|').includes(token.value)) next += 1;
    else if (!optional) return undefined;
  }
  return next;
}

/** The common case without taking the pattern apart: rules ask every statement of a large file dozens of such questions. */
function cannotStart(token: Token | undefined, pattern: string): boolean {
  const space = pattern.indexOf(' ');
  if (pattern[(space === -1 ? pattern.length : space) - 1] === '?') return false;
  return token?.kind !== 'word' || !pattern.includes(token.value);
}

/** The index of the first token from `from` where `pattern` matches outside parentheses, or undefined. */
export function findWords(tokens: readonly Token[], from: number, pattern: string): number | undefined {
  let depth = 0;
  for (let at = from; at < tokens.length; at += 1) {
    if (isSymbol(tokens[at], '(')) depth += 1;
    else if (isSymbol(tokens[at], ')')) depth -= 1;
    else if (depth === 0 && matchWords(tokens, at, pattern) !== undefined) return at;
  }
  return undefined;
}

export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.value === word;
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.value === symbol;
}

function valueOf(kind: TokenKind, text: string): string {
  if (kind === 'word') return text.toLowerCase();
  if (kind !== 'quoted_name') return text;
  return text.slice(text.indexOf('"') + 1, -1).replaceAll('""', '"');
}
