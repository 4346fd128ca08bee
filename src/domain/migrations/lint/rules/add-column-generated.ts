import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { textOf } from '../grammar.ts';

export const addColumnGenerated: Rule = {
  id: 'add-column-generated-stored',
  severity: 'high',
  why: 'the value is computed for every row at once: the table is rewritten under ACCESS EXCLUSIVE',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { addedColumn } }) => {
      if (addedColumn === undefined) return [];
      const { rest, name, type } = addedColumn;
      const generated = findWords(rest, 0, 'generated always as');
      if (generated === undefined || findWords(rest, generated, 'stored') === undefined) return [];
      const fix = `alter table ${table.sql} add column ${name.sql} ${textOf(statement.text, type)};
-- then a trigger that computes it for new and changed rows, and a batched update for the old ones`;
      return [{ at: rest[generated]?.start ?? 0, message: `the new column ${name.sql} is generated and stored`, fix }];
    }),
};
