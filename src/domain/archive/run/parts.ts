import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readColumns } from '../content/columns.ts';
import type { ArchiveSource } from '../content/content.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import type { Holder } from '../plan/queries.ts';
import { readHolder } from '../plan/queries.ts';
import type { Part } from '../plan/sources.ts';
import { partOfDependant, partOfNothing, partOfPartition, partOfRows, sourceOf } from '../plan/sources.ts';

/** What of the database belongs to a month: the table itself, and what leaves with it, in that order. */
export interface MonthParts {
  readonly own: Part;
  readonly dependants: readonly Part[];
}

/** Where the rows of a month are now: their partition may have got another name when it was detached. */
export async function readParts(session: Session, planned: PlannedMonth): Promise<MonthParts> {
  const { table, month, partition, kind, ownRows } = planned;
  const dependants = table.dependants.map((dependant) => partOfDependant(dependant, month));
  if (kind === 'supplement' && !ownRows) return { own: partOfNothing(table), dependants };
  if (partition === undefined) return { own: partOfRows(table, month), dependants };
  return { own: partOfPartition(table, await holderOf(session, planned)), dependants };
}

/** @throws OrdersyncError `precondition` when the table that was noted is gone or renamed */
export async function holderOf({ sql }: Session, { partition, table, month }: PlannedMonth): Promise<Holder> {
  if (partition === undefined) throw new TypeError(`${table.table} ${month} has no table of its own`);
  const holder = await readHolder(sql, partition.oid, partition.name);
  if (holder !== undefined) return holder;
  throw new OrdersyncError(
    'precondition',
    `${partition.name}, which holds ${table.table} ${month}, is not there any more`,
    {
      hint: 'its archive has begun; bring the table back under that name, or find out who dropped it',
    },
  );
}

export async function readSource({ sql }: Session, part: Part): Promise<ArchiveSource> {
  return sourceOf(part, await readColumns(sql, part.relation));
}
