import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';

const ID = 'disable-row-security';

export const disableRowSecurity: Rule = {
  id: ID,
  severity: 'high',
  why: 'from the commit on every role with a grant sees and changes all rows, and the policies stand there unused',
  upOnly: true,
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      const off =
        matchWords(tokens, 0, 'disable row level security') ?? matchWords(tokens, 0, 'no force row level security');
      if (off === undefined) return [];
      const fix = confirmed(ID, 'the table holds nothing that belongs to one customer', statement.text);
      return [{ at, message: `row level security of ${table.sql} is switched off`, fix }];
    }),
};
