import type { Token } from './tokens.ts';
import { findWords, isWord, matchWords } from './tokens.ts';

/** The command when the statement begins, ends or divides a transaction: the runner's transaction must stay its own. */
export function transactionControl(tokens: readonly Token[]): string | undefined {
  const pairs = ['start transaction', 'prepare transaction', 'commit prepared', 'rollback prepared'];
  const pair = pairs.find((words) => matchWords(tokens, 0, words) !== undefined);
  if (pair !== undefined) return pair;
  const single = matchWords(tokens, 0, 'begin|commit|end|rollback|abort|savepoint|release');
  return single === undefined ? undefined : tokens[0]?.value;
}

/**
 * The command when PostgreSQL refuses the statement inside a transaction block (PreventInTransactionBlock in 15 to 18).
 * What depends on the objects, such as REINDEX of a partitioned table or DROP SUBSCRIPTION with a slot, is left to the server.
 */
export function outsideTransactionOnly(tokens: readonly Token[]): string | undefined {
  const simple = SIMPLE.find((words) => matchWords(tokens, 0, words) !== undefined);
  if (simple !== undefined) return simple.replace('unique? ', '');
  if (isWord(tokens[0], 'reindex')) return reindexOutside(tokens);
  if (isWord(tokens[0], 'cluster')) return clustersAll(tokens) ? 'cluster of all tables' : undefined;
  if (matchWords(tokens, 0, 'alter table') !== undefined) {
    const detach = findWords(tokens, 2, 'detach partition');
    const concurrently = detach === undefined ? undefined : findWords(tokens, detach, 'concurrently');
    return concurrently === undefined ? undefined : 'detach partition concurrently';
  }
  if (matchWords(tokens, 0, 'alter database') !== undefined) {
    return findWords(tokens, 2, 'set tablespace') === undefined ? undefined : 'alter database set tablespace';
  }
  const slotless = tokens.some((token) => isWord(token, 'create_slot') || isWord(token, 'connect'));
  return matchWords(tokens, 0, 'create subscription') !== undefined && !slotless ? 'create subscription' : undefined;
}

const SIMPLE = [
  'vacuum',
  'create unique? index concurrently',
  'drop index concurrently',
  'create database',
  'drop database',
  'create tablespace',
  'drop tablespace',
  'alter system',
];

function reindexOutside(tokens: readonly Token[]): string | undefined {
  if (tokens.some((token) => isWord(token, 'concurrently'))) return 'reindex concurrently';
  const target = ['schema', 'database', 'system'].find((word) => findWords(tokens, 1, word) !== undefined);
  return target === undefined ? undefined : `reindex ${target}`;
}

/** CLUSTER without a table, with or without VERBOSE or options in parentheses. */
function clustersAll(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return tokens.length === 1 || isWord(last, 'verbose') || last?.value === ')';
}
