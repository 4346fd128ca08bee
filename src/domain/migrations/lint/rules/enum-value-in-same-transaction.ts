import { findWords, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';

export const enumValueInSameTransaction: Rule = {
  id: 'enum-value-in-same-transaction',
  severity: 'high',
  why: 'a new value of an enum cannot be used before the transaction that adds it has committed (55P04)',
  check: ({ text, tokens }, { transaction, statements, index }) => {
    const added = matchWords(tokens, 0, 'alter type') === undefined ? undefined : findWords(tokens, 2, 'add value');
    const value = added === undefined ? undefined : tokens.slice(added).find(({ kind }) => kind === 'string')?.value;
    if (value === undefined || !transaction) return [];
    const user = statements.slice(index + 1).find((later) => later.tokens.some((token) => token.value === value));
    if (user === undefined) return [];
    const fix = `-- in a migration of its own, before the one that uses the value\n${text};`;
    return [
      { at: 0, message: `the value ${value} is used in line ${user.line}, in the transaction that adds it`, fix },
    ];
  },
};
