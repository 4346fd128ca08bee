import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';

const ID = 'rewrite-table';

export const rewriteTable: Rule = {
  id: ID,
  severity: 'high',
  why: 'the whole table is copied under ACCESS EXCLUSIVE: readers and writers wait until it is done',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      const copies = ['set logged|unlogged', 'set tablespace', 'set access method'];
      if (copies.every((words) => matchWords(tokens, 0, words) === undefined)) return [];
      const fix = confirmed(ID, 'the table is small, or the application is stopped', statement.text);
      return [{ at, message: `${tokens[0]?.value ?? ''} ${tokens[1]?.value ?? ''} copies ${table.sql}`, fix }];
    }),
};
