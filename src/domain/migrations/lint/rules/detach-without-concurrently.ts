import { findWords, matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { outsideTransaction } from '../fixes.ts';

export const detachWithoutConcurrently: Rule = {
  id: 'detach-without-concurrently',
  severity: 'high',
  why: 'it takes ACCESS EXCLUSIVE on the parent: every query of the whole table waits',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      if (matchWords(tokens, 0, 'detach partition') === undefined) return [];
      if (findWords(tokens, 2, 'concurrently|finalize') !== undefined) return [];
      const fix = outsideTransaction(`${statement.text} concurrently`);
      return [{ at, message: `a partition of ${table.sql} is detached without concurrently`, fix }];
    }),
};
