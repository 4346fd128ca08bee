import { requireReadable } from '../../../db/readable.ts';
import type { Session } from '../../../db/session.ts';
import { requireJournal } from '../plan/plan.ts';

const TABLES = ['archive_journal', 'archive_head', 'archive_manifests', 'encryption_data_keys', 'encryption_keys'];

/** What the lists of archives are made of is there and may be read. @throws OrdersyncError `precondition`, `permission` */
export async function requireReadableJournal(session: Session): Promise<void> {
  await requireJournal(session);
  await requireReadable(
    session,
    TABLES.map((name) => ({ schema: 'public', name })),
  );
}
