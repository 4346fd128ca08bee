import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Hit, Rule } from '../finding.ts';
import { notValidFirst } from '../fixes.ts';
import { textOf } from '../grammar.ts';

export const addCheck: Rule = {
  id: 'add-check-not-valid',
  severity: 'high',
  why: 'the whole table is read under ACCESS EXCLUSIVE to see whether every row passes',
  check: ({ text, ...statement }, { known }) =>
    alterations({ text, ...statement }, known).flatMap(({ table, action, at }): readonly Hit[] => {
      const { addedConstraint: constraint, addedColumn: column } = action;
      if (constraint !== undefined && /^(?:check|not)$/.test(constraint.kind) && !constraint.notValid) {
        const name = constraint.name?.sql ?? `${table.last}_check`;
        const fix = notValidFirst(table.sql, name, textOf(text, constraint.definition));
        return [{ at, message: `the check on ${table.sql} is added without not valid`, fix }];
      }
      const check = column === undefined ? undefined : findWords(column.rest, 0, 'check');
      if (column === undefined || check === undefined) return [];
      const condition = textOf(text, column.rest.slice(check));
      const fix = `alter table ${table.sql} add column ${column.name.sql} ${textOf(text, column.type)};
${notValidFirst(table.sql, `${table.last}_${column.name.last}_check`, condition)}`;
      return [{ at, message: `the new column ${column.name.sql} has a check at once`, fix }];
    }),
};
