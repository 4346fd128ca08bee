import type { Work } from '../../../context.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { setLocal } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { countOrderKeys } from '../dependants/queries.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import type { Holder } from '../plan/queries.ts';
import { cancellable } from './cancellable.ts';
import { dropTable, lockAlone } from './drop-queries.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setDropped } from './journal-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { changerOf, reach } from './needs.ts';
import { holderOf, readParts } from './parts.ts';
import { archivedOf, compareNow, setBackChanged } from './recheck.ts';

export interface DropRequest {
  readonly planned: PlannedMonth;
  readonly entry: JournalEntry;
  /** As the store has it. */
  readonly signed: SignedManifest;
}

/**
 * detached → dropped, in one transaction: the month is locked, PostgreSQL computes its root once more, and only when that
 * is the manifest's the table goes and the journal says so. Locking it keeps nobody waiting: it stands alone by now.
 * @throws OrdersyncError `unhealthy` naming the hours that differ; nothing was dropped then
 */
export async function* dropMonth(run: ArchiveRun, { planned, entry, signed }: DropRequest): Work<void> {
  const { session, ctx } = run;
  const holder = await holderOf(session, planned);
  if (holder.attached) throw new TypeError(`${holder.name} is still attached`);
  const parts = await readParts(session, planned);
  if (parts.dependants.some(({ timeColumn }) => timeColumn === undefined)) await requireNoKeys(run, entry, holder);
  reach(run, 'archive-before-drop');
  const changer = changerOf(run);
  try {
    yield { kind: 'phase', message: `${entry.table} ${entry.month}: computing the root once more, then dropping` };
    const { result } = yield* changePatiently(changer, {
      what: `the drop of ${holder.name}`,
      unhurried: true,
      work: async () =>
        cancellable(ctx, session, async () => {
          await setLocal(session, 'row_security', 'off');
          await setLocal(session, 'work_mem', '64MB');
          await lockAlone(session, holder);
          const comparison = await compareNow(session, parts.own, archivedOf(signed, entry.table));
          if (!comparison.equal) return comparison;
          await dropTable(session, holder);
          if (!(await setDropped(session.sql, entry.id))) throw new TypeError('the journal does not expect a drop');
          return comparison;
        }),
    });
    if (!result.equal) throw await setBackChanged(session, entry, { table: entry.table, comparison: result });
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw describeServerError(error) ?? error;
  } finally {
    await changer.watcher.close();
  }
  reach(run, 'archive-dropped');
}

/** What refers to the month by a foreign key is gone, or it could not have been detached; keys refer to it by nothing. */
async function requireNoKeys({ session }: ArchiveRun, entry: JournalEntry, holder: Holder): Promise<void> {
  const keys = await countOrderKeys(session, holder);
  if (keys === 0) return;
  throw new OrdersyncError(
    'unhealthy',
    `${keys} rows of payment_order_keys name payments of ${holder.name} with another order`,
    {
      hint: `${entry.table} ${entry.month} was not dropped; find out which order is right, correct those rows, and run again`,
      facts: { table: 'payment_order_keys', rows: keys },
    },
  );
}
