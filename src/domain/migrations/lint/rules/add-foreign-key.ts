import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Hit, Rule } from '../finding.ts';
import { notValidFirst } from '../fixes.ts';
import { insideParentheses, textOf } from '../grammar.ts';

export const addForeignKey: Rule = {
  id: 'add-foreign-key-not-valid',
  severity: 'high',
  why: 'every row is checked while SHARE ROW EXCLUSIVE on both tables stops all writes to them',
  check: ({ text, ...statement }, { known }) =>
    alterations({ text, ...statement }, known).flatMap(({ table, action, at }): readonly Hit[] => {
      const { addedConstraint: constraint, addedColumn: column } = action;
      if (constraint?.kind === 'foreign' && !constraint.notValid) {
        const name =
          constraint.name?.sql ?? `${table.last}_${insideParentheses(constraint.definition, 2)[0]?.value ?? ''}_fkey`;
        const fix = notValidFirst(table.sql, name, textOf(text, constraint.definition));
        return [{ at, message: `the foreign key of ${table.sql} is added without not valid`, fix }];
      }
      const references = column === undefined ? undefined : findWords(column.rest, 0, 'references');
      if (column === undefined || references === undefined) return [];
      const target = textOf(text, column.rest.slice(references));
      const key = `foreign key (${column.name.sql}) ${target}`;
      const fix = `alter table ${table.sql} add column ${column.name.sql} ${textOf(text, column.type)};
${notValidFirst(table.sql, `${table.last}_${column.name.last}_fkey`, key)}`;
      return [{ at, message: `the new column ${column.name.sql} has a foreign key at once`, fix }];
    }),
};
