import { isWord, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { concurrently } from '../fixes.ts';
import { readName } from '../grammar.ts';

export const dropIndex: Rule = {
  id: 'drop-index-without-concurrently',
  severity: 'medium',
  why: 'it takes ACCESS EXCLUSIVE on the table: it waits for every query that uses the table, and new ones wait behind it',
  check: ({ text, tokens }, { known }) => {
    const index = matchWords(tokens, 0, 'drop index');
    if (index === undefined || isWord(tokens[index], 'concurrently')) return [];
    const named = readName(text, tokens, matchWords(tokens, index, 'if? exists?') ?? index);
    if (named === undefined || known.created.has(named.name.key)) return [];
    const message = `the index ${named.name.sql} is dropped without concurrently`;
    return [{ at: 0, message, fix: concurrently(text, tokens, 'index') }];
  },
};
