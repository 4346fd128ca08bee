import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Hit, Rule } from '../finding.ts';
import { outsideTransaction } from '../fixes.ts';
import { insideParentheses, textOf } from '../grammar.ts';

export const addUnique: Rule = {
  id: 'add-unique-without-index',
  severity: 'high',
  why: 'the index behind it is built under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile',
  check: ({ text, ...statement }, { known }) =>
    alterations({ text, ...statement }, known).flatMap(({ table, action, at }): readonly Hit[] => {
      const { addedConstraint: constraint, addedColumn: column } = action;
      const message = `the unique constraint on ${table.sql} builds its index in place`;
      if (constraint?.kind === 'unique' && !constraint.usingIndex) {
        const open = constraint.definition.findIndex(({ value }) => value === '(');
        const columns = textOf(text, insideParentheses(constraint.definition, open));
        const name = constraint.name?.sql ?? `${table.last}_${columns.replaceAll(/\W+/g, '_')}_key`;
        return [{ at, message, fix: inTwoSteps(table.sql, name, columns) }];
      }
      if (column === undefined || findWords(column.rest, 0, 'unique') === undefined) return [];
      const name = `${table.last}_${column.name.last}_key`;
      return [{ at, message, fix: inTwoSteps(table.sql, name, column.name.sql) }];
    }),
};

function inTwoSteps(table: string, name: string, columns: string): string {
  return `${outsideTransaction(`create unique index concurrently ${name} on ${table} (${columns})`)}
-- in the next migration:
--   alter table ${table} add constraint ${name} unique using index ${name};`;
}
