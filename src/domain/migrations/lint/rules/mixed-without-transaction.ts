import { isWord } from '../../file/tokens.ts';
import { outsideTransactionOnly } from '../../file/transactions.ts';
import type { Rule } from '../finding.ts';

export const mixedWithoutTransaction: Rule = {
  id: 'mixed-without-transaction',
  severity: 'medium',
  why: 'the statements of this file commit one by one: when a later one fails, the earlier ones stay',
  check: ({ text, tokens }, { transaction, statements }) => {
    if (transaction || statements.length === 1 || isWord(tokens[0], 'set') || isWord(tokens[0], 'reset')) return [];
    if (outsideTransactionOnly(tokens) !== undefined) return [];
    const fix = `-- in a migration of its own, which is one transaction\n${text};`;
    return [{ at: 0, message: 'this statement could run inside a transaction, but its file has none', fix }];
  },
};
