import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { countUnderKid, readArchiveJournal, readUnregisteredColumns } from './archives-queries.ts';

/** Values of one column that nobody can read without the key. */
export interface ArchivedUse {
  /** With its schema. */
  readonly relation: string;
  readonly column: string;
  readonly values: number;
}

/**
 * What lies beside the live tables of this database and names the key: detached months, restored side tables and copies, in
 * any schema, known by their `…_encrypted` columns. `audit_logs_archive` is among the live tables.
 * @throws OrdersyncError `precondition` when the database keeps a journal of exported archives, which says what they need
 *   in a form that this version does not read: what is unknown is needed
 */
export async function archivesNeeding(session: Session, kid: string): Promise<ArchivedUse[]> {
  const journal = await readArchiveJournal(session.sql);
  if (journal !== undefined) {
    throw new OrdersyncError('precondition', `${journal} lists exported archives, and this version cannot read it`, {
      hint: 'use a version of ordersync that knows the journal: it tells which archives need the key',
    });
  }
  const uses: ArchivedUse[] = [];
  for (const { schema, table, column } of await readUnregisteredColumns(session.sql)) {
    const values = await countUnderKid(session, { schema, table, column, kid });
    if (values > 0) uses.push({ relation: `${schema}.${table}`, column, values });
  }
  return uses;
}
