import type { Work } from '../../../context.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import { runText, simpleText } from '../../../db/text.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { readTableState } from '../catalog.ts';
import { endOf, firstDayOf, startOf } from '../month.ts';
import { partitionOfKind, rangesOf } from '../table.ts';
import type { DetachPlan } from './plan.ts';
import { detachedName } from './plan.ts';

/**
 * After a month has left, an INSERT of a late row would fail. When it was the oldest, the underflow reaches up to the next
 * month; otherwise an empty month takes its place, and the detached one gets another name.
 * @returns the name of the detached table
 */
export async function* keepCovered(changer: Changer, { table, month, partition, coverage }: DetachPlan): Work<string> {
  const { session } = changer;
  if (coverage === 'covered') return partition.name;
  const parent = quoteQualified(table);
  if (coverage === 'underflow') {
    const underflow = partitionOfKind(table, 'underflow');
    if (underflow === undefined) throw new TypeError('planned with an underflow');
    const values = [parent, quoteQualified(underflow), new Date(endOf(month)).toISOString()];
    yield* changePatiently(changer, {
      what: `the new bound of ${underflow.name}`,
      work: async () =>
        runText(
          session,
          "select public.move_catch_all($1::text::regclass, $2::text::regclass, '-infinity', $3::text::timestamptz)",
          values,
        ),
    });
    return partition.name;
  }
  const renamed = detachedName(partition.name);
  yield* changePatiently(changer, {
    what: `an empty month in the place of ${partition.name}`,
    work: async () => {
      await simpleText(session, `alter table ${quoteQualified(partition)} rename to ${quoteIdentifier(renamed)}`);
      const day = firstDayOf(month);
      await runText(
        session,
        'select public.ensure_month_partitions($1::text::regclass, $2::text::date, $2::text::date)',
        [parent, day],
      );
    },
  });
  return renamed;
}

/** @throws OrdersyncError `unhealthy` when rows of the month would find no partition */
export async function requireCovered({ session }: Changer, { table, month }: DetachPlan): Promise<void> {
  const state = await readTableState(session, quoteQualified(table));
  const covered = rangesOf(state).some(({ start, end }) => start <= startOf(month) && end >= endOf(month));
  if (covered) return;
  throw new OrdersyncError('unhealthy', `after the detach, INSERTs of ${month} into ${table.name} fail`, {
    hint: 'close the hole with ordersync partition check --fix',
  });
}
