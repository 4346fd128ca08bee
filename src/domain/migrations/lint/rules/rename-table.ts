import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';
import { confirmed } from '../fixes.ts';

const ID = 'rename-table';

export const renameTable: Rule = {
  id: ID,
  severity: 'high',
  why: 'every running query and every application instance still asks for the old name',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      const to = matchWords(tokens, 0, 'rename to');
      const name = to === undefined ? undefined : readName(statement.text, tokens, to)?.name;
      if (name === undefined) return [];
      const view = `create view ${table.sql} as select … from ${name.sql}`;
      const fix = `${confirmed(ID, 'the view of the old name below serves old instances in the same transaction', statement.text)}
-- followed by an updatable view under the old name: ${view}`;
      return [{ at, message: `the table ${table.sql} is renamed`, fix }];
    }),
};
