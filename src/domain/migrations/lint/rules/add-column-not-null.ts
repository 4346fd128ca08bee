import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { typeKey, textOf } from '../grammar.ts';

export const addColumnNotNull: Rule = {
  id: 'add-column-not-null-without-default',
  severity: 'high',
  why: 'it fails as soon as the table holds one row; in an empty test database it passes',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { addedColumn } }) => {
      if (addedColumn === undefined) return [];
      const { name, type, rest } = addedColumn;
      const filled = findWords(rest, 0, 'default|generated') !== undefined || /serial/.test(typeKey(type));
      const notNull = findWords(rest, 0, 'not null') ?? findWords(rest, 0, 'primary key');
      if (filled || notNull === undefined) return [];
      const fix = `alter table ${table.sql} add column ${name.sql} ${textOf(statement.text, type)};
alter table ${table.sql} add constraint ${table.last}_${name.last}_not_null check (${name.sql} is not null) not valid;
-- in later migrations: fill the old rows in batches, then validate the constraint`;
      return [
        { at: rest[notNull]?.start ?? 0, message: `the new column ${name.sql} is NOT NULL without a default`, fix },
      ];
    }),
};
