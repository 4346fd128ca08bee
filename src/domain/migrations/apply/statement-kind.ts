import type { Token } from '../file/tokens.ts';
import { findWords, isSymbol, isWord, matchWords, tokensOf } from '../file/tokens.ts';
import { outsideTransactionOnly } from '../file/transactions.ts';

/** How a statement of a no-transaction file is run, and what is known of it after a run that was cut off. */
export type StatementKind =
  /** Runs in a transaction together with its journal row: done and recorded, or neither. */
  | { readonly kind: 'atomic' }
  /** The server refuses it in a transaction, or it may commit by itself: VACUUM, CALL, DO, ALTER SYSTEM. */
  | { readonly kind: 'alone' }
  /** SET, RESET, DISCARD: belongs to the session, so a resumed file repeats it and the journal does not know it. */
  | { readonly kind: 'setting' }
  | { readonly kind: 'create index concurrently' | 'drop index concurrently'; readonly index: IndexName | undefined };

/** Names as the catalogue has them: unquoted ones in lower case. */
export interface IndexName {
  readonly name: string;
  /** Undefined when search_path decides. */
  readonly schema: string | undefined;
}

/** Reads the statement's tokens; literals and comments do not mislead it. */
export function statementKindOf(text: string): StatementKind {
  const tokens = tokensOf(text);
  const created = matchWords(tokens, 0, 'create unique? index concurrently');
  if (created !== undefined) return { kind: 'create index concurrently', index: createdIndex(tokens, created) };
  const dropped = matchWords(tokens, 0, 'drop index concurrently');
  if (dropped !== undefined)
    return {
      kind: 'drop index concurrently',
      index: nameAt(tokens, matchWords(tokens, dropped, 'if? exists?') ?? dropped),
    };
  if (matchWords(tokens, 0, 'set|reset|discard') !== undefined) return { kind: 'setting' };
  const alone =
    outsideTransactionOnly(tokens) !== undefined || ALONE.some((words) => matchWords(tokens, 0, words) !== undefined);
  return { kind: alone ? 'alone' : 'atomic' };
}

/** What may commit by itself, or is refused in a transaction depending on its objects. */
const ALONE = ['call', 'do', 'cluster', 'reindex', 'create|alter|drop subscription', 'alter database'];

/** [IF NOT EXISTS] name ON [ONLY] [schema.]table: an index lives in its table's schema. */
function createdIndex(tokens: readonly Token[], at: number): IndexName | undefined {
  const on = findWords(tokens, at, 'on');
  const index = tokens[matchWords(tokens, at, 'if? not? exists?') ?? at];
  if (on === undefined || index === undefined || isWord(index, 'on')) return undefined;
  const table = nameAt(tokens, matchWords(tokens, on, 'on only?') ?? on + 1);
  return { name: index.value, schema: table?.schema };
}

function nameAt(tokens: readonly Token[], at: number): IndexName | undefined {
  const [first, dot, second] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (first === undefined) return undefined;
  return isSymbol(dot, '.') && second !== undefined
    ? { name: second.value, schema: first.value }
    : { name: first.value, schema: undefined };
}
