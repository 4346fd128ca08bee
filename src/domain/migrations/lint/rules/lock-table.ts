import { findWords, isWord, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const lockTable: Rule = {
  id: 'lock-table',
  severity: 'high',
  why: 'the lock is held until the migration commits, and whoever queues behind it waits as long',
  check: ({ text, tokens }, { known }) => {
    const at = matchWords(tokens, 0, 'lock table? only?');
    const name = at === undefined || !isWord(tokens[0], 'lock') ? undefined : readName(text, tokens, at)?.name;
    if (name === undefined || known.created.has(name.key)) return [];
    // Weaker modes let both readers and writers through.
    if (
      findWords(tokens, 1, 'in access|row share mode') !== undefined ||
      findWords(tokens, 1, 'in row exclusive mode') !== undefined
    )
      return [];
    const fix = `lock table ${name.sql} in row exclusive mode;
-- or no lock at all: each statement takes what it needs, and lock_timeout ends the wait`;
    return [{ at: 0, message: `${name.sql} is locked by hand`, fix }];
  },
};
