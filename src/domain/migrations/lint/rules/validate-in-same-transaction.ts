import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const validateInSameTransaction: Rule = {
  id: 'validate-in-same-transaction',
  severity: 'high',
  why: 'the lock that adding took is held until the end of the transaction, so the scan happens under it after all',
  check: (statement, scene) => {
    if (!scene.transaction) return [];
    return alterations(statement, scene.known).flatMap(({ table, action: { tokens }, at }) => {
      const named = matchWords(tokens, 0, 'validate constraint');
      const constraint = named === undefined ? undefined : readName(statement.text, tokens, named)?.name;
      const before = scene.statements.slice(0, scene.index + 1).flatMap(({ alterTable }) => alterTable ?? []);
      const addedHere = before
        .filter((alter) => alter.table.key === table.key)
        .some(({ actions }) => actions.some(({ addedConstraint }) => addedConstraint?.name?.key === constraint?.key));
      if (constraint === undefined || !addedHere) return [];
      const fix = `-- in a migration of its own, after the one that adds the constraint:
alter table ${table.sql} validate constraint ${constraint.sql};`;
      return [{ at, message: `${constraint.sql} is validated in the transaction that adds it`, fix }];
    });
  },
};
