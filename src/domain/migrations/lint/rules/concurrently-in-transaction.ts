import { outsideTransactionOnly } from '../../file/transactions.ts';
import type { Rule } from '../finding.ts';
import { outsideTransaction } from '../fixes.ts';

/** `migrate up` refuses such a file before it connects; the linter says so too, for texts that never were a file. */
export const concurrentlyInTransaction: Rule = {
  id: 'concurrently-in-transaction',
  severity: 'high',
  why: 'PostgreSQL refuses it inside a transaction block, and a migration file is one transaction',
  check: ({ text, tokens }, { transaction }) => {
    const command = transaction ? outsideTransactionOnly(tokens) : undefined;
    if (command === undefined) return [];
    return [{ at: 0, message: `${command} inside a transaction`, fix: outsideTransaction(text) }];
  },
};
