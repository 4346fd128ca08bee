import { quoteIdentifier } from '../../db/identifiers.ts';
import { readClosed } from '../../db/readable.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { TableState } from './table.ts';

const MOST_NAMED = 3;

/**
 * The rows of each partition may be read, not only those of the table. A grant on single partitions would be a way past the
 * policies of the table, and new months would lack it, so none is proposed.
 * @throws OrdersyncError `permission`, before the server refuses with an error in its log
 */
export async function requireReadablePartitions(session: Session, tables: readonly TableState[]): Promise<void> {
  const { closed } = await readClosed(
    session,
    tables.flatMap(({ partitions }) => partitions),
  );
  if (closed.length === 0) return;
  const named = closed.slice(0, MOST_NAMED).join(', ');
  const more = closed.length > MOST_NAMED ? ` and ${closed.length - MOST_NAMED} more` : '';
  throw new OrdersyncError('permission', `this role may not read the partitions ${named}${more}`, {
    hint: `connect as the owner of the tables, or grant pg_read_all_data to ${quoteIdentifier(session.server.user)}`,
  });
}
