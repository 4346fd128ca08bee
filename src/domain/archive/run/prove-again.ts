import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setBack } from './journal-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { readBack } from './read-back.ts';

/**
 * Reads an archive back that an earlier run has proven: its store may have lost or changed it since. While all of its rows
 * are in the database the next run exports them anew; once some have left, the archive alone has those.
 * @throws OrdersyncError `unhealthy` naming the file or the hour; nothing leaves then
 */
export async function* proveAgain(run: ArchiveRun, entry: JournalEntry, { manifest }: SignedManifest): Work<void> {
  try {
    yield* readBack(run, `${entry.table} ${entry.month}`, manifest.sources);
  } catch (error) {
    if (!(error instanceof OrdersyncError) || error.code !== 'unhealthy') throw error;
    if (entry.leaving) throw onlyCopy(entry, error);
    await setBack(run.session.sql, entry.id, error.message);
    throw error;
  }
}

function onlyCopy({ table, month }: JournalEntry, error: OrdersyncError): OrdersyncError {
  return new OrdersyncError('unhealthy', error.message, {
    ...error.details,
    hint: `rows of ${table} ${month} have left already, and no more do: bring the file back from another copy of the archive, then run again`,
    cause: error,
  });
}
