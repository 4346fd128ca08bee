import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';

const ID = 'disable-trigger';

export const disableTrigger: Rule = {
  id: ID,
  severity: 'medium',
  why: 'audit, guards and foreign keys are triggers: what is written meanwhile, by anyone, passes all of them',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { tokens }, at }) => {
      if (matchWords(tokens, 0, 'disable trigger') === undefined) return [];
      const fix = confirmed(ID, 'it is enabled again below, in the same transaction', statement.text);
      return [{ at, message: `a trigger of ${table.sql} is disabled`, fix }];
    }),
};
