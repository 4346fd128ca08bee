import { findWords, isWord, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const refreshWithoutConcurrently: Rule = {
  id: 'refresh-without-concurrently',
  severity: 'high',
  why: 'nobody can read the view until it is filled again',
  check: ({ text, tokens }, { known }) => {
    const at = matchWords(tokens, 0, 'refresh materialized view');
    if (at === undefined || isWord(tokens[at], 'concurrently')) return [];
    const name = readName(text, tokens, at)?.name;
    if (name === undefined || known.created.has(name.key) || findWords(tokens, at, 'with no data') !== undefined)
      return [];
    const fix = `refresh materialized view concurrently ${name.sql};
-- it needs a unique index over plain columns of the view`;
    return [{ at: 0, message: `${name.sql} is refreshed without concurrently`, fix }];
  },
};
