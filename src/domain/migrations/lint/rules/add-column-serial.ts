import { findWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { typeKey } from '../grammar.ts';

export const addColumnSerial: Rule = {
  id: 'add-column-serial',
  severity: 'high',
  why: 'every row gets its number at once: the table is rewritten under ACCESS EXCLUSIVE',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { addedColumn } }) => {
      if (addedColumn === undefined) return [];
      const { name, type, rest } = addedColumn;
      const serial = /^(?:small|big)?serial\d?$/.test(typeKey(type));
      if (!serial && findWords(rest, 0, 'as identity') === undefined) return [];
      const fix = `create sequence ${table.last}_${name.last}_seq;
alter table ${table.sql} add column ${name.sql} bigint;
alter table ${table.sql} alter column ${name.sql} set default nextval('${table.last}_${name.last}_seq');
-- then number the old rows in batches`;
      return [{ at: name.start, message: `the new column ${name.sql} numbers all rows`, fix }];
    }),
};
