import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Month } from '../../partitions/month.ts';
import { parseMonth, partitionName, startOf } from '../../partitions/month.ts';
import type { Partition, TableState } from '../../partitions/table.ts';
import { nameOf } from '../../partitions/locks.ts';
import { restoreUnfinished } from '../restore/unfinished.ts';
import type { JournalEntry } from '../run/journal-queries.ts';
import type { PlannedMonth, Staying } from './plan.ts';
import { holdsAny, readDetachedMonth, readMonths } from './queries.ts';
import { partOfRows } from './sources.ts';
import type { ArchivedTable } from './tables.ts';

export interface TableRequest {
  readonly table: ArchivedTable;
  readonly state: TableState;
  readonly entries: readonly JournalEntry[];
  readonly cut: Month;
  /** The one month that was named. */
  readonly month: Month | undefined;
}

interface Found {
  readonly months: readonly PlannedMonth[];
  readonly stays: readonly Staying[];
}

/** The months of one table that an archive has work with, oldest first. */
export async function planTable(session: Session, request: TableRequest): Promise<Found> {
  const { table, state } = request;
  if (table.partitioned && state.unsupported !== undefined) {
    throw new OrdersyncError('precondition', `${nameOf(state)} has no months: ${state.unsupported}`, {
      hint: 'make it a partitioned table with ordersync partition convert',
    });
  }
  const present = table.partitioned
    ? []
    : await readMonths(session.sql, state, new Date(startOf(request.cut)).toISOString());
  const months: PlannedMonth[] = [];
  const stays: Staying[] = [];
  for (const month of candidates(request, present)) {
    const found = await planMonth(session, request, month);
    if (typeof found === 'string') stays.push({ table: table.table, month, why: found });
    else months.push(...found);
  }
  return { months, stays };
}

/** Months with a partition, with rows where there are no partitions, and with an entry in the journal. */
function candidates({ state, entries, cut, month }: TableRequest, present: readonly string[]): readonly Month[] {
  const partitions = state.partitions.flatMap((partition) => partition.month ?? []);
  const named = month === undefined ? [] : [month];
  const begun = entries.map((entry) => parseMonth(entry.month));
  const all = new Set([...partitions, ...present.map(parseMonth), ...begun, ...(state.key === undefined ? [] : named)]);
  return [...all].filter((candidate) => (month === undefined ? candidate < cut : candidate === month)).sort();
}

/** @returns what to do about a month, or why it stays although it is old enough */
async function planMonth(
  session: Session,
  request: TableRequest,
  month: Month,
): Promise<readonly PlannedMonth[] | string> {
  const { table, state } = request;
  const entries = request.entries.filter((entry) => entry.month === month);
  const own = entries.find(({ kind }) => kind === 'month');
  const partition = state.partitions.find((candidate) => candidate.month === month);
  const base = { table, month, ownRows: own?.state === 'dropped', ...sizeOf(partition) };
  const begun = entries.find(({ kind, state: at }) => kind === 'supplement' && at !== 'dropped');
  const supplements = begun === undefined ? [] : [supplementOf(base, entries, begun)];
  if (own?.state === 'dropped') {
    const late = begun === undefined && (await holdsAny(session, partOfRows(table, month)));
    const fresh = late ? [supplementOf(base, entries, undefined)] : [];
    return [...supplements, ...fresh, ...coverOf(request, partition, base)];
  }
  const why = own?.state === 'restored' ? await whyRestoredStays(session, request, { ...own, month }) : undefined;
  if (why !== undefined) return why;
  const holder = holderOf(state, own) ?? partition ?? (await detachedBefore(session, request, month));
  if (table.partitioned && holder === undefined) return supplements;
  return [...supplements, { ...base, ownRows: true, kind: 'month', number: 0, entry: own, partition: holder }];
}

async function whyRestoredStays(
  session: Session,
  { table, month: named }: TableRequest,
  own: { readonly problem: string | null; readonly month: Month },
): Promise<string | undefined> {
  if (named === undefined) return 'it was restored from the archive; name it with --month to archive it again';
  return restoreUnfinished(session, table, own);
}

/** Only a month that is named: it may have been set aside for another purpose. */
async function detachedBefore(
  { sql }: Session,
  { table, state, month: named }: TableRequest,
  month: Month,
): Promise<PlannedMonth['partition']> {
  if (!table.partitioned || named === undefined) return undefined;
  return readDetachedMonth(sql, { schema: state.schema, name: partitionName(table.table, month) });
}

type Base = Pick<PlannedMonth, 'table' | 'month' | 'ownRows' | 'rows' | 'bytes'>;

function supplementOf(base: Base, entries: readonly JournalEntry[], entry: JournalEntry | undefined): PlannedMonth {
  const number = entry?.number ?? Math.max(0, ...entries.map((one) => one.number)) + 1;
  return { ...base, kind: 'supplement', number, entry, partition: undefined };
}

/** The table that a month which was begun is in, attached or not. */
function holderOf({ schema }: TableState, own: JournalEntry | undefined): PlannedMonth['partition'] {
  if (own === undefined || own.state === 'restored' || own.partition === null || own.partitionOid === null)
    return undefined;
  return { schema, name: own.partition, oid: own.partitionOid };
}

/** An empty partition in the place of a month that left from among others: it can go once nothing older is attached. */
function coverOf({ state }: TableRequest, partition: Partition | undefined, base: Base): readonly PlannedMonth[] {
  if (partition === undefined || state.partitions.every(({ kind }) => kind !== 'underflow')) return [];
  return [{ ...base, kind: 'cover', number: 0, entry: undefined, partition }];
}

function sizeOf(partition: Partition | undefined): Pick<PlannedMonth, 'rows' | 'bytes'> {
  return { rows: partition?.rows ?? 0, bytes: partition?.bytes ?? 0n };
}
