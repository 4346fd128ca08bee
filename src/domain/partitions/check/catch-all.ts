import { counted } from '../../../counted.ts';
import type { Session } from '../../../db/session.ts';
import type { Month } from '../month.ts';
import { endOf, monthOf, monthsLater, parseMonth, startOf } from '../month.ts';
import { countByMonth } from '../rows-queries.ts';
import type { MonthCount } from '../rows-queries.ts';
import type { Partition, TableState } from '../table.ts';
import type { Finding } from './finding.ts';
import { FIX_COMMAND } from './finding.ts';
import { readJournaled } from './queries.ts';
import { monthsRepair } from './ranges.ts';

/** Rows farther away than this are no rows of a shop's months: a time mistyped, 1970, infinity. */
const MOST_MONTHS_BACK = 120;
const MOST_MONTHS_AHEAD = 24;

export interface CaughtRows {
  /** Months that its rows belong to and that can be made, with their rows. */
  readonly months: ReadonlyMap<Month, number>;
  /** Rows of months that an archive has taken charge of. */
  readonly archived: number;
  /** Rows of no month: ids that are no UUIDv7, times beyond all months. */
  readonly foreign: number;
}

/** Counts what lies in a catch-all or a default partition, by month. Reads all of it. */
export async function countCaught(
  session: Session,
  table: TableState,
  { partition, now }: { readonly partition: Partition; readonly now: number },
): Promise<CaughtRows> {
  if (table.key === undefined) return { months: new Map(), archived: 0, foreign: 0 };
  const counts = await countByMonth(session.sql, partition, table.key);
  const journaled = counts.length === 0 ? [] : await readJournaled(session.sql, table.name);
  const months = new Map<Month, number>();
  let archived = 0;
  let foreign = 0;
  for (const count of counts) {
    const rows = Number(count.rows);
    const month = plausibleMonth(count, now);
    if (month === undefined) foreign += rows;
    else if (journaled.some(({ from, to }) => from < endOf(month) && to > startOf(month))) archived += rows;
    else months.set(month, rows + (months.get(month) ?? 0));
  }
  return { months, archived, foreign };
}

/** What `check` says of a catch-all. */
export function caughtFindings(
  table: TableState,
  partition: Partition,
  { months, archived, foreign }: CaughtRows,
): readonly Omit<Finding, 'table'>[] {
  const about = { partition: partition.name, check: 'catch-all' as const, verdict: 'warning' as const };
  const names = [...months.keys()].sort();
  const [first, last] = [names[0], names.at(-1)];
  const rows = [...months.values()].reduce((sum, count) => sum + count, 0);
  const movable =
    first === undefined || last === undefined
      ? []
      : [
          {
            ...about,
            evidence: `${counted(rows, 'row')} of ${first === last ? first : `${first} to ${last}`}, which have no partition`,
            fix: `${FIX_COMMAND} moves them into their months, about ${Math.ceil(rows / 100_000)} s under an exclusive lock`,
            repair: monthsRepair(table, first, last, rows),
          },
        ];
  const late =
    archived === 0
      ? []
      : [
          {
            ...about,
            evidence: `${counted(archived, 'row')} of months that are archived`,
            fix: 'the next run of the archive exports them as a supplement',
            repair: undefined,
          },
        ];
  const strays =
    foreign === 0
      ? []
      : [
          {
            ...about,
            evidence: `${counted(foreign, 'row')} of no month: ${table.key?.byId === true ? 'ids that uuid_v7() did not make' : 'times far from now, or infinite'}`,
            fix: 'they can stay; find out who writes them',
            repair: undefined,
          },
        ];
  return [...movable, ...late, ...strays];
}

function plausibleMonth({ month, foreign }: MonthCount, now: number): Month | undefined {
  if (month === null || foreign || !/^\d{4}-\d\d$/.test(month) || month < '1970-02') return undefined;
  const parsed = parseMonth(month);
  const present = monthOf(now);
  const near = parsed >= monthsLater(present, -MOST_MONTHS_BACK) && parsed <= monthsLater(present, MOST_MONTHS_AHEAD);
  return near ? parsed : undefined;
}
