import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { readTableState } from '../../partitions/catalog.ts';
import { endOf } from '../../partitions/month.ts';
import { holdsRows } from '../../partitions/rows-queries.ts';
import { finiteRangesOf, partitionOfKind } from '../../partitions/table.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import { lockAlone, replaceByUnderflow } from './drop-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { changerOf } from './needs.ts';

/**
 * A month that left from among others has an empty one in its place, so that late rows find theirs. Once nothing older is
 * attached, the underflow can do that: one transaction takes the empty month away and moves the bound.
 * @returns false while it has to stay
 */
export async function* removeCover(run: ArchiveRun, { table, month }: PlannedMonth): Work<boolean> {
  const { session } = run;
  const state = await readTableState(session, `public.${table.table}`);
  const partition = state.partitions.find((candidate) => candidate.month === month);
  const underflow = partitionOfKind(state, 'underflow');
  const [oldest] = finiteRangesOf(state);
  if (partition === undefined || underflow === undefined || oldest !== partition || partition.pending) return false;
  const changer = changerOf(run);
  try {
    const { result } = yield* changePatiently(changer, {
      what: `the end of the empty ${partition.name}`,
      work: async () => {
        await lockAlone(session, partition);
        if (await holdsRows(session.sql, partition)) return false;
        const end = new Date(endOf(month)).toISOString();
        await replaceByUnderflow(session, { parent: state, partition, underflow }, end);
        return true;
      },
    });
    return result;
  } catch (error) {
    // It harms nobody where it is; the next run tries again.
    if (error instanceof OrdersyncError && error.code === 'lock_held') return false;
    throw error;
  } finally {
    await changer.watcher.close();
  }
}
