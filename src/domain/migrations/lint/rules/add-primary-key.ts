import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { outsideTransaction } from '../fixes.ts';
import { insideParentheses, textOf } from '../grammar.ts';

export const addPrimaryKey: Rule = {
  id: 'add-primary-key-without-index',
  severity: 'high',
  why: 'its index is built, and NOT NULL is checked, under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile',
  check: ({ text, ...statement }, { known }) =>
    alterations({ text, ...statement }, known).flatMap(({ table, action, at }) => {
      const { addedConstraint: constraint, addedColumn: column } = action;
      const ofTable = constraint?.kind === 'primary' && !constraint.usingIndex;
      const ofColumn = column !== undefined && findWords(column.rest, 0, 'primary key') !== undefined;
      if (!ofTable && !ofColumn) return [];
      const columns =
        constraint === undefined ? (column?.name.sql ?? '') : textOf(text, insideParentheses(constraint.definition, 2));
      const name = constraint?.name?.sql ?? `${table.last}_pkey`;
      const fix = `${outsideTransaction(`create unique index concurrently ${name} on ${table.sql} (${columns})`)}
-- then prove that the columns are NOT NULL with a validated check, and in the migration after it:
--   alter table ${table.sql} add constraint ${name} primary key using index ${name};`;
      return [{ at, message: `the primary key of ${table.sql} builds its index in place`, fix }];
    }),
};
