import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Requirement } from '../checks/check.ts';
import { readUnmet, unmetSightings } from '../checks/requirements.ts';

/**
 * Makes sure that this role sees every row of the tables: with some of them hidden, an attack would look like none.
 * @throws OrdersyncError `permission`, or `precondition` when a table is missing
 */
export async function requireRows(session: Session, tables: readonly string[]): Promise<void> {
  const requirements = tables.map((name): Requirement => ({ kind: 'rows', name: `public.${name}` }));
  const unmet = await readUnmet(session, requirements);
  const [first, ...others] = unmetSightings(requirements, unmet, session.server.user);
  if (first === undefined) return;
  const missing = [...unmet.values()].some(({ faults }) => faults.includes('missing'));
  throw new OrdersyncError(missing ? 'precondition' : 'permission', first.evidence, {
    body: others.map(({ evidence }) => evidence),
    ...(first.fix === undefined ? {} : { hint: first.fix.text }),
  });
}
