import type { Session } from '../../../db/session.ts';
import { readTableStates } from '../catalog.ts';
import type { Month } from '../month.ts';
import { endOf, startOf } from '../month.ts';
import { countRange, holdsRows } from '../rows-queries.ts';
import type { TableState } from '../table.ts';
import type { CatchAllRows, Span, TablePlan } from './plan.ts';
import { missingMonths, MOST_MOVED_ROWS, planTable } from './plan.ts';

export interface EnsureRequest {
  /** Names as a person writes them; none: the schema's four. */
  readonly tables: readonly string[];
  readonly span: Span;
}

export type EnsurePlan = readonly TablePlan[];

/** Reads with SELECT only. */
export async function planEnsure(session: Session, { tables, span }: EnsureRequest): Promise<EnsurePlan> {
  const plans: TablePlan[] = [];
  for (const table of await readTableStates(session, tables)) {
    plans.push(planTable(table, span, await readCatchAllRows(session, table, span)));
  }
  return plans;
}

/** Rows of the missing months in the catch-alls, counted up to the limit that makes a month expensive. */
export async function readCatchAllRows({ sql }: Session, table: TableState, span: Span): Promise<CatchAllRows> {
  const { key } = table;
  const counts = new Map<Month, number>();
  const catchAlls = table.partitions.filter(({ kind }) => kind === 'underflow' || kind === 'overflow');
  let occupied = false;
  for (const catchAll of key === undefined ? [] : catchAlls) {
    if (!(await holdsRows(sql, catchAll))) continue;
    const months = missingMonths(table, span).filter(
      (month) => startOf(month) >= catchAll.start && endOf(month) <= catchAll.end,
    );
    occupied ||= months.length > 0;
    for (const month of months) {
      const range = { from: new Date(startOf(month)).toISOString(), to: new Date(endOf(month)).toISOString() };
      counts.set(month, await countRange(sql, catchAll, { key: key!, range, limit: MOST_MOVED_ROWS + 1 })); // no catch-all without a key
    }
  }
  return { occupied, rowsIn: (month) => counts.get(month) ?? 0 };
}
