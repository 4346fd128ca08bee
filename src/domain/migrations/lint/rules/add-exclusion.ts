import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';

const ID = 'add-exclusion-constraint';

export const addExclusion: Rule = {
  id: ID,
  severity: 'high',
  why: 'its index is built under ACCESS EXCLUSIVE, and PostgreSQL has no concurrent form of it',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { addedConstraint }, at }) => {
      if (addedConstraint?.kind !== 'exclude') return [];
      const fix = confirmed(ID, `${table.sql} is small, or the application is stopped`, statement.text);
      return [{ at, message: `the exclusion constraint on ${table.sql} builds its index in place`, fix }];
    }),
};
