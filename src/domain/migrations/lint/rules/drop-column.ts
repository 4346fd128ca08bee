import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';
import { readName } from '../grammar.ts';

const ID = 'drop-column';

export const dropColumn: Rule = {
  id: ID,
  severity: 'high',
  why: 'its data is gone for good, and instances that still read or write it fail',
  upOnly: true,
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ action: { tokens }, at }) => {
      const named = matchWords(tokens, 0, 'drop column? if? exists?');
      const column = named === undefined ? undefined : readName(statement.text, tokens, named)?.name;
      if (column === undefined || matchWords(tokens, 0, 'drop constraint|expression') !== undefined) return [];
      const fix = confirmed(ID, 'no released version uses it, and its data is in the backup of <date>', statement.text);
      return [{ at, message: `the column ${column.sql} is dropped with its data`, fix }];
    }),
};
