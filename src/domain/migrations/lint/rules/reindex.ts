import { findWords, isWord } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { concurrently } from '../fixes.ts';

export const reindex: Rule = {
  id: 'reindex-without-concurrently',
  severity: 'high',
  why: 'the table cannot be written, and its index not be used, until the rebuild is done',
  check: ({ text, tokens }) => {
    const target = findWords(tokens, 1, 'index|table|schema|database|system');
    const kind = target === undefined ? undefined : tokens[target]?.value;
    // REINDEX SYSTEM has no concurrent form.
    if (!isWord(tokens[0], 'reindex') || kind === undefined || kind === 'system') return [];
    if (tokens.some((token) => isWord(token, 'concurrently'))) return [];
    return [{ at: 0, message: `reindex ${kind} without concurrently`, fix: concurrently(text, tokens, kind) }];
  },
};
