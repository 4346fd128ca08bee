import type { Work } from '../../../context.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { JournalEntry } from './journal-queries.ts';
import { readJournal, setVerified } from './journal-queries.ts';
import { readKeptManifest } from './ledger-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { append } from './seal.ts';

/**
 * A month that was exported again replaces what was archived of it before, and so its supplements too, which hold what else
 * its dependants were: they are said once more after it. Their files stay where they are. Those whose rows were restored are
 * not: the rows were exported with their month, and may have changed since.
 */
export async function* repeatSupplements(run: ArchiveRun, month: JournalEntry): Work<void> {
  const { session } = run;
  if (month.sequence === null || !month.leaving) return;
  const entries = (await readJournal(session.sql, [month.table])).filter((entry) => entry.month === month.month);
  for (const { id, kind, number, state, sequence, restored } of entries) {
    if (kind !== 'supplement' || state !== 'dropped' || restored) continue;
    if (sequence === null || sequence > month.sequence) continue;
    const kept = await readKeptManifest(session.sql, sequence);
    if (kept === undefined) throw new TypeError(`the journal names manifest ${sequence}`);
    const { sources } = JSON.parse(kept.manifest) as Manifest; // as this program has written it
    yield {
      kind: 'note',
      message: `supplement ${number} of ${month.table} ${month.month} is said again after its month`,
    };
    const repeated = yield* append(run, { table: month.table, month: month.month, kind, sources });
    await setVerified(session.sql, id, repeated);
  }
}
