import { quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { TableLocks } from '../locks.ts';
import { monthLocks, nameOf } from '../locks.ts';
import type { Month } from '../month.ts';
import { endOf, firstDayOf, monthOf, monthsFrom, monthsLater, partitionName, startOf } from '../month.ts';
import type { Partition, TableState } from '../table.ts';
import { boundText, finiteRangesOf, partitionOfKind } from '../table.ts';

export interface Span {
  readonly from: Month;
  readonly to: Month;
}

/** One transaction of `ensure`: a month, or a catch-all that is not there. */
export interface EnsureStep {
  readonly table: TableState;
  readonly creates: 'month' | 'underflow' | 'overflow';
  readonly month: Month | undefined;
  readonly partition: string;
  readonly start: number;
  readonly end: number;
  /** Catch-alls that stand in the way and get another bound. */
  readonly moving: readonly Partition[];
  /** Rows of the month that lie in a catch-all and move into it. */
  readonly movingRows: number;
  /** Runnable as it stands, inside a transaction. */
  readonly sql: string;
  readonly locks: readonly TableLocks[];
}

export interface TablePlan {
  readonly table: TableState;
  readonly steps: readonly EnsureStep[];
  /** Why nothing, or nothing more than the steps, can be done; the other tables go on. */
  readonly problem: Problem | undefined;
}

export interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** What lies in the catch-alls, as far as it decides about months. Exact up to a limit that makes a month expensive. */
export interface CatchAllRows {
  readonly occupied: boolean;
  rowsIn(month: Month): number;
}

/**
 * More rows than this, or foreign keys that have to be validated against more rows than that, hold the locks for longer
 * than a fraction of a second (measured: 10 µs a row moved, 0.5 µs a row validated): left to `check --fix`, which asks.
 */
export const MOST_MOVED_ROWS = 1000;
const MOST_VALIDATED_ROWS = 100_000;

/** This month and so many after it, unless a first or last month is given. */
export function spanOf(
  now: Date,
  { ahead, from, to }: { readonly ahead: number; readonly from?: Month | undefined; readonly to?: Month | undefined },
): Span {
  const present = monthOf(now.getTime());
  return { from: from ?? present, to: to ?? monthsLater(present, ahead) };
}

/**
 * The transactions that give one table every month of the span, without a hole to the months it has. Pure. Nearest first,
 * so that each call of the schema's function makes one month, and what is interrupted leaves no hole.
 */
export function planTable(
  table: TableState,
  span: Span,
  rows: CatchAllRows,
  price: 'brief' | 'any' = 'brief',
): TablePlan {
  const problem = obstacleOf(table) ?? partialMonth(table, span);
  if (problem !== undefined) return { table, steps: [], problem };
  const months = missingMonths(table, span);
  const steps: EnsureStep[] = [];
  for (const month of months) {
    const step = monthStep(table, month, rows);
    if (price === 'brief' && isExpensive(step, rows)) return { table, steps, problem: expensive(step) };
    steps.push(step);
  }
  if (months.length === 0) steps.push(...catchAllSteps(table));
  return { table, steps, problem: undefined };
}

/** The months to make, in the order of making. */
export function missingMonths(table: TableState, { from, to }: Span): readonly Month[] {
  const ranges = finiteRangesOf(table);
  const first = partitionOfKind(table, 'underflow')?.end ?? ranges[0]?.start ?? startOf(from);
  const last = partitionOfKind(table, 'overflow')?.start ?? ranges.at(-1)?.end ?? startOf(from);
  const earliest = startOf(from) < last ? from : monthOf(last);
  const latest = endOf(to) > first ? to : monthOf(first - 1);
  const missing = monthsFrom(earliest, latest).filter((month) => !isCovered(ranges, month));
  const past = missing.filter((month) => startOf(month) < first);
  const others = missing.filter((month) => startOf(month) >= first);
  return [...others, ...past.toReversed()];
}

/** What no statement of `ensure` should run into. */
function obstacleOf(table: TableState): Problem | undefined {
  const name = nameOf(table);
  if (table.unsupported !== undefined) {
    const convert = table.unsupported === 'not partitioned' ? `; ordersync partition convert ${name}` : '';
    return { message: table.unsupported, hint: `only tables by one timestamptz or one UUIDv7 have months${convert}` };
  }
  const pending = table.partitions.find((partition) => partition.pending);
  if (pending !== undefined) {
    return {
      message: `the detach of ${pending.name} is unfinished`,
      hint: 'finish it with ordersync partition check --fix; until then no other partition can be moved',
    };
  }
  const fallback = partitionOfKind(table, 'default');
  if (fallback === undefined) return undefined;
  return {
    message: `${fallback.name} is a DEFAULT partition, which each new month would scan under an exclusive lock`,
    hint: 'replace it by range catch-alls with ordersync partition check --fix --default drain',
  };
}

function partialMonth(table: TableState, { from, to }: Span): Problem | undefined {
  const ranges = finiteRangesOf(table);
  const cut = ranges.find(
    ({ start, end }) =>
      start < endOf(to) && end > startOf(from) && (startOf(monthOf(start)) !== start || startOf(monthOf(end)) !== end),
  );
  if (cut === undefined) return undefined;
  return {
    message: `${cut.name} holds only part of a month: from ${boundText(cut.start)} to ${boundText(cut.end)}`,
    hint: 'its bounds are not months in UTC: detach it, and move its rows into month partitions (docs/partitions.md, "Shifted bounds")',
  };
}

function isCovered(ranges: readonly Partition[], month: Month): boolean {
  return ranges.some(({ start, end }) => start <= startOf(month) && end >= endOf(month));
}

function monthStep(table: TableState, month: Month, rows: CatchAllRows): EnsureStep {
  const moving = table.partitions.filter(
    ({ kind, start, end }) =>
      (kind === 'underflow' && end > startOf(month)) || (kind === 'overflow' && start < endOf(month)),
  );
  const day = quoteLiteral(firstDayOf(month));
  return {
    table,
    creates: 'month',
    month,
    partition: partitionName(table.name, month),
    start: startOf(month),
    end: endOf(month),
    moving,
    movingRows: moving.length === 0 ? 0 : rows.rowsIn(month),
    sql: `select partition_name, moved_rows from public.ensure_month_partitions(${regclassOf(table)}, ${day}, ${day})`,
    locks: monthLocks(
      table,
      moving.map(({ name }) => name),
      rows.occupied,
    ),
  };
}

function isExpensive({ movingRows, moving, table }: EnsureStep, { occupied }: CatchAllRows): boolean {
  if (movingRows > MOST_MOVED_ROWS) return true;
  const validated = table.referencedBy.reduce((sum, { rows }) => sum + rows, 0);
  return moving.length > 0 && occupied && validated > MOST_VALIDATED_ROWS;
}

function expensive({ month, moving, movingRows }: EnsureStep): Problem {
  const count = movingRows > MOST_MOVED_ROWS ? `more than ${MOST_MOVED_ROWS}` : String(movingRows);
  return {
    message: `${month ?? ''}: ${count} of its rows lie in ${moving.map(({ name }) => name).join(', ')}, and moving that catch-all would hold its locks for longer than --lock-timeout`,
    hint: 'see how many with ordersync partition check, and move them at a quiet time with ordersync partition check --fix',
  };
}

/** Catch-alls that somebody dropped: without them an INSERT fails for lack of a month. */
export function catchAllSteps(table: TableState): EnsureStep[] {
  const ranges = finiteRangesOf(table);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return [];
  const step = (creates: 'underflow' | 'overflow', start: number, end: number): EnsureStep => {
    const partition = `${table.name}_${creates}`;
    const name = quoteQualified({ schema: table.schema, name: partition });
    const from = quoteLiteral(creates === 'underflow' ? '-infinity' : new Date(start).toISOString());
    const to = quoteLiteral(creates === 'overflow' ? 'infinity' : new Date(end).toISOString());
    return {
      table,
      creates,
      month: undefined,
      partition,
      start,
      end,
      moving: [],
      movingRows: 0,
      sql: `select public.renew_catch_all(${regclassOf(table)}, ${quoteLiteral(name)}, ${from}, ${to})`,
      locks: monthLocks(table, [], false),
    };
  };
  return [
    ...(partitionOfKind(table, 'underflow') === undefined ? [step('underflow', -Infinity, first.start)] : []),
    ...(partitionOfKind(table, 'overflow') === undefined ? [step('overflow', last.end, Infinity)] : []),
  ];
}

function regclassOf(table: TableState): string {
  return quoteLiteral(quoteQualified(table));
}
