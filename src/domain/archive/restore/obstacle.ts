import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';

/** Why rows cannot go back to where they came from. They can still be restored into a table of their own. */
export interface Obstacle {
  readonly reason: string;
}

/** Rolls back what was begun, and is told as an obstacle. */
export function cannotReturn(reason: string): OrdersyncError {
  return new OrdersyncError('precondition', reason, { facts: { obstacle: reason } });
}

/** What the tables of today demand and archived rows may lack. */
const REASONS: Readonly<Record<string, (constraint: string) => string>> = {
  [SQLSTATE.foreignKeyViolation]: (constraint) =>
    `rows it refers to are gone: the foreign key ${constraint} does not hold`,
  [SQLSTATE.checkViolation]: (constraint) => `the constraint ${constraint} does not hold for its rows`,
  [SQLSTATE.uniqueViolation]: (constraint) => `rows with the same key are there already (${constraint})`,
  [SQLSTATE.notNullViolation]: () => 'a column that must have a value now has none in the archive',
  [SQLSTATE.undefinedColumn]: () => 'a column of the archive is not in the table any more',
};

/** @throws whatever is no obstacle */
export function obstacleOf(error: unknown): Obstacle {
  if (error instanceof OrdersyncError && typeof error.details.facts?.['obstacle'] === 'string') {
    return { reason: error.details.facts['obstacle'] };
  }
  const reason = REASONS[sqlstateOf(error) ?? ''];
  if (reason === undefined) throw error;
  const { constraint_name: constraint } = error as { readonly constraint_name?: unknown };
  return { reason: reason(typeof constraint === 'string' ? constraint : 'of the table') };
}
