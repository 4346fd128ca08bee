import type { Session } from '../../../db/session.ts';
import { runText, simpleText, simpleTexts } from '../../../db/text.ts';

/**
 * Begins a transaction that only reads, of one moment, and cannot be misled by row security: rows that are hidden would be
 * missing in the archive and be dropped all the same.
 */
export async function beginReading(session: Session): Promise<void> {
  await simpleTexts(session, [
    'begin isolation level repeatable read, read only',
    'set local row_security = off',
    'set local statement_timeout = 0',
    'set local idle_in_transaction_session_timeout = 0',
    "set local work_mem = '64MB'",
  ]);
}

/** Lets another session see the very same rows for as long as this transaction lasts. */
export async function exportSnapshot(session: Session): Promise<string> {
  const [row] = await runText<{ snapshot: string }>(session, 'select pg_export_snapshot() as snapshot');
  if (row === undefined) throw new TypeError('a function returns its value');
  return row.snapshot;
}

export async function endReading(session: Session): Promise<void> {
  await simpleText(session, 'rollback');
}
