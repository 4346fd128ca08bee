import { matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Rule, Scene } from '../finding.ts';
import type { Name } from '../grammar.ts';
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
      if (constraint === undefined || !addedBefore(scene, table, constraint)) return [];
      const fix = `-- in a migration of its own, after the one that adds the constraint:
alter table ${table.sql} validate constraint ${constraint.sql};`;
      return [{ at, message: `${constraint.sql} is validated in the transaction that adds it`, fix }];
    });
  },
};

function addedBefore({ statements, index }: Scene, table: Name, constraint: Name): boolean {
  return statements
    .slice(0, index + 1)
    .flatMap(({ alterTable }) => (alterTable?.table.key === table.key ? alterTable.actions : []))
    .some(({ addedConstraint }) => addedConstraint?.name?.key === constraint.key);
}
