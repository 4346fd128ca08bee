import type { ProgressEvent, Work } from '../../../context.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { detachMonth } from '../../partitions/detach/apply.ts';
import { partitionName } from '../../partitions/month.ts';
import { deleteOrderKeys } from '../dependants/queries.ts';
import { uuidFloor } from '../plan/sources.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import type { Holder } from '../plan/queries.ts';
import { dropForeignKey, readOwnForeignKeys } from './drop-queries.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setDetached, setLeaving } from './journal-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { changerOf, reach } from './needs.ts';
import { holderOf } from './parts.ts';

/**
 * verified → detached: the month becomes a table of its own, concurrently, and its range is covered again. Whatever an
 * earlier run left of that is finished.
 */
export async function* detachVerified(run: ArchiveRun, planned: PlannedMonth, entry: JournalEntry): Work<void> {
  const { session } = run;
  const { table, month } = planned;
  const before = await holderOf(session, planned);
  // Renamed means that an empty month is in its place: then the detach was through.
  if (before.attached || before.name === partitionName(table.table, month)) {
    yield { kind: 'phase', message: `${table.table} ${month}: detaching ${before.name} concurrently` };
    yield* detachMonth(changerOf(run), { table: table.table, month }, run.waitMs);
  }
  const holder = await holderOf(session, planned);
  yield* loosen(run, holder);
  if (table.dependants.some(({ timeColumn }) => timeColumn === undefined)) yield* removeKeys(run, entry, holder);
  await setDetached(session.sql, entry.id, holder.name);
  reach(run, 'archive-detached');
}

/** A table that is dropped with a foreign key locks the other table exclusively; alone, that takes a moment. */
async function* loosen(run: ArchiveRun, holder: Holder): Work<void> {
  const { session } = run;
  for (const { name, referenced } of await readOwnForeignKeys(session.sql, holder)) {
    const changer = changerOf(run);
    try {
      yield* changePatiently(changer, {
        what: `${holder.name} letting go of ${referenced}`,
        work: async () => dropForeignKey(session, holder, name),
      });
    } finally {
      await changer.watcher.close();
    }
  }
}

const KEYS_PER_BATCH = 5000;

/** What payment_order_keys repeats of the payments that are in the detached table; nobody writes those any more. */
async function* removeKeys(run: ArchiveRun, entry: JournalEntry, holder: Holder): Work<void> {
  const { ctx, session } = run;
  await setLeaving(session.sql, entry.id);
  let removed = 0;
  const tell = (): ProgressEvent => ({
    kind: 'progress',
    label: `${holder.name}: payment_order_keys leave`,
    done: removed,
    unit: 'rows',
  });
  yield tell();
  for (let after: string | null = uuidFloor(0); after !== null;) {
    ctx.signal.throwIfAborted();
    const batch = await deleteOrderKeys(session, holder, { after, limit: KEYS_PER_BATCH });
    removed += batch.deleted;
    after = batch.last;
    yield tell();
  }
}
