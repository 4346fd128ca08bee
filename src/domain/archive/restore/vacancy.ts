import { counted } from '../../../counted.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { nameOf } from '../../partitions/locks.ts';
import type { Month } from '../../partitions/month.ts';
import { endOf, startOf } from '../../partitions/month.ts';
import { countRange } from '../../partitions/rows-queries.ts';
import type { TableState } from '../../partitions/table.ts';

/** Enough to say that there are some. */
const COUNTED_ROWS = 1000;

/**
 * Rows of the month that a table has already would be there twice, or only half of the month would be.
 * @throws OrdersyncError `precondition` saying where they are
 */
export async function requireEmptyMonth({ sql }: Session, table: TableState, month: Month): Promise<void> {
  const { key } = table;
  if (key === undefined)
    throw new OrdersyncError('precondition', `${nameOf(table)} has no months: ${table.unsupported}`);
  const range = { from: new Date(startOf(month)).toISOString(), to: new Date(endOf(month)).toISOString() };
  for (const partition of table.partitions) {
    if (partition.start >= endOf(month) || partition.end <= startOf(month)) continue;
    if (partition.kind !== 'month' && partition.kind !== 'underflow') throw inTheWay(partition.name, month);
    const rows = await countRange(sql, partition, { key, range, limit: COUNTED_ROWS });
    if (rows > 0) throw occupied(partition.name, month, rows);
  }
}

function occupied(partition: string, month: Month, rows: number): OrdersyncError {
  const count = rows === COUNTED_ROWS ? `${rows} rows or more` : counted(rows, 'row');
  return new OrdersyncError('precondition', `${partition} holds ${count} of ${month}: the month would be there twice`, {
    hint: 'restore it into a table of its own: --to side',
    facts: { partition, month, rows },
  });
}

function inTheWay(partition: string, month: Month): OrdersyncError {
  return new OrdersyncError(
    'precondition',
    `${partition} reaches over ${month}, and is neither that month nor the underflow`,
    {
      hint: 'see what it is with ordersync partition check; or restore into a table of its own: --to side',
      facts: { partition, month },
    },
  );
}
