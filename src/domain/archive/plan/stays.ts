import type { Session } from '../../../db/session.ts';
import { quoteLiteral } from '../../../db/identifiers.ts';
import type { Month } from '../../partitions/month.ts';
import { startOf } from '../../partitions/month.ts';
import type { PlannedMonth } from './plan.ts';
import { countByIdMonth, countRows } from './queries.ts';
import { partOfDependant } from './sources.ts';

export interface StayRequest {
  /** The first month that is too young. */
  readonly cut: Month;
  /** Months that leave before it in the same run. */
  readonly leaving: readonly PlannedMonth[];
  /** Nothing leaves: only what will change the export is in its way. */
  readonly keep: boolean;
}

/** Why a month has to stay for now; undefined when it can leave. A month of which rows have left already goes on. */
export async function whyItStays(
  session: Session,
  { table, month, kind, entry }: PlannedMonth,
  { cut, leaving, keep }: StayRequest,
): Promise<string | undefined> {
  if (kind !== 'month' || entry?.leaving === true) return undefined;
  for (const dependant of table.dependants) {
    if (dependant.timeColumn === undefined) continue;
    const { from } = partOfDependant(dependant, month);
    const young = `source.created_at >= ${quoteLiteral(new Date(startOf(cut)).toISOString())}`;
    const rows = await countRows(session, { from: `${from} and ${young}` });
    if (rows > 0) return `${rows} of its rows in ${dependant.table} are of ${cut} or later`;
  }
  if (table.waitsFor === undefined || keep) return undefined;
  const months = new Set<string>(
    leaving.filter((one) => one.table.table === table.waitsFor?.table).map((one) => one.month),
  );
  const staying = (await countByIdMonth(session, partOfDependant(table.waitsFor, month))).filter(
    (found) => found.month === null || !months.has(found.month),
  );
  const rows = staying.reduce((sum, found) => sum + found.rows, 0);
  if (rows === 0) return undefined;
  const names = staying.map((found) => found.month ?? 'no month').join(', ');
  return `${rows} rows of ${table.waitsFor.table} refer to it (${names}), and leave first`;
}
