import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const renameColumn: Rule = {
  id: 'rename-column',
  severity: 'high',
  why: 'application instances that still use the old name fail until the last of them is replaced',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      if (matchWords(tokens, 0, 'rename to|constraint') !== undefined) return [];
      const from = matchWords(tokens, 0, 'rename column?');
      const old = from === undefined ? undefined : readName(statement.text, tokens, from);
      const to = old === undefined ? undefined : matchWords(tokens, old.next, 'to');
      const renamed = to === undefined ? undefined : readName(statement.text, tokens, to)?.name;
      if (old === undefined || renamed === undefined) return [];
      const type = known.columnTypes.get(`${table.key}.${old.name.last}`) ?? 'text /* the type of the old column */';
      const fix = `alter table ${table.sql} add column ${renamed.sql} ${type};
-- write both, fill the old rows in batches, read the new one, and drop ${old.name.sql} when nothing uses it`;
      return [{ at, message: `the column ${old.name.sql} is renamed`, fix }];
    }),
};
