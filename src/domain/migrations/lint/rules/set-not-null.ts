import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const setNotNull: Rule = {
  id: 'set-not-null',
  severity: 'high',
  why: 'the whole table is read under ACCESS EXCLUSIVE, unless a validated CHECK already proves that there is no NULL',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens } }) => {
      const at = matchWords(tokens, 0, 'alter column?');
      const column = at === undefined ? undefined : readName(statement.text, tokens, at);
      if (column === undefined || matchWords(tokens, column.next, 'set not null') === undefined) return [];
      if (known.provenNotNull.has(`${table.key}.${column.name.last}`)) return [];
      const constraint = `${table.last}_${column.name.last}_not_null`;
      const fix = `alter table ${table.sql} add constraint ${constraint} check (${column.name.sql} is not null) not valid;
-- in the next migration:
--   alter table ${table.sql} validate constraint ${constraint};
-- and in the one after it:
--   alter table ${table.sql} alter column ${column.name.sql} set not null;
--   alter table ${table.sql} drop constraint ${constraint};`;
      return [{ at: column.name.start, message: `set not null on ${column.name.sql} without a validated check`, fix }];
    }),
};
