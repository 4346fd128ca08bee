import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const attachPartitionWithoutCheck: Rule = {
  id: 'attach-partition-without-check',
  severity: 'high',
  why: 'the whole partition is read under ACCESS EXCLUSIVE on it, unless a valid CHECK already says what the bounds say',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      const named = matchWords(tokens, 0, 'attach partition');
      const partition = named === undefined ? undefined : readName(statement.text, tokens, named)?.name;
      if (partition === undefined || known.checked.has(partition.key)) return [];
      if (known.created.has(partition.key) && !known.filled.has(partition.key)) return [];
      const fix = `alter table ${partition.sql} add constraint ${partition.last}_bounds
  check (true /* and the key is not null and within the bounds of FOR VALUES */) not valid;
-- in the next migration, and before the one that attaches it:
--   alter table ${partition.sql} validate constraint ${partition.last}_bounds;`;
      return [
        { at, message: `${partition.sql} is attached to ${table.sql} without a check that proves its bounds`, fix },
      ];
    }),
};
