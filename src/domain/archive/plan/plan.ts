import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import { readTableStates, requireOwner } from '../../partitions/catalog.ts';
import type { Month } from '../../partitions/month.ts';
import { endOf, monthOf, monthsLater } from '../../partitions/month.ts';
import type { JournalEntry } from '../run/journal-queries.ts';
import { hasJournal, readJournal } from '../run/journal-queries.ts';
import { requireOwnBackend } from '../run/lock.ts';
import { planTable } from './months.ts';
import { readRotatingTypes } from './queries.ts';
import { whyItStays } from './stays.ts';
import type { ArchivedTable } from './tables.ts';
import { ARCHIVED_TABLES } from './tables.ts';

export interface ArchiveRequest {
  /** None: all that are archived. */
  readonly tables: readonly string[];
  /** One month, whatever its age; undefined: all that are old enough. */
  readonly month: Month | undefined;
  readonly olderThanMonths: number;
  /** Stops before anything leaves the database. */
  readonly keep: boolean;
}

/** One month that an archive has work with. */
export interface PlannedMonth {
  readonly table: ArchivedTable;
  readonly month: Month;
  /** `cover`: an empty partition in the place of a month that has left; it goes once it is the oldest. */
  readonly kind: 'month' | 'supplement' | 'cover';
  readonly number: number;
  /** What was begun before. */
  readonly entry: JournalEntry | undefined;
  /** Of a supplement: whether rows of the table itself are late, or only what is left of dependants of a month that leaves. */
  readonly ownRows: boolean;
  /** The table that holds the month alone; undefined where its rows lie among others. */
  readonly partition: (QualifiedName & { readonly oid: string }) | undefined;
  /** Planner's estimate. */
  readonly rows: number;
  readonly bytes: bigint;
}

/** A month that is old enough and is left where it is. */
export interface Staying {
  readonly table: string;
  readonly month: Month;
  readonly why: string;
}

export interface ArchivePlan {
  /** The first month that is too young. */
  readonly cut: Month;
  readonly months: readonly PlannedMonth[];
  readonly stays: readonly Staying[];
}

/**
 * What there is to archive, in the order in which it can leave. Reads only.
 * @throws OrdersyncError for everything that would be in the way of all of it: rights, migrations, a rotation under way
 */
export async function planArchive(session: Session, request: ArchiveRequest, now: Date): Promise<ArchivePlan> {
  requireOwnBackend(session);
  await requireJournal(session);
  const cut = cutOf(request, now);
  const tables = ARCHIVED_TABLES.filter(({ table }) => request.tables.length === 0 || request.tables.includes(table));
  await requireNoRotation(session, tables);
  const journal = await readJournal(
    session.sql,
    tables.map(({ table }) => table),
  );
  const states = await readTableStates(
    session,
    tables.map(({ table }) => table),
  );
  const months: PlannedMonth[] = [];
  const stays: Staying[] = [];
  for (const table of tables) {
    const state = states.find(({ schema, name }) => schema === 'public' && name === table.table);
    if (state === undefined) throw new TypeError('one name, one table');
    requireOwner(state, session);
    const entries = journal.filter((entry) => entry.table === table.table);
    const found = await planTable(session, { table, state, entries, cut, month: request.month });
    stays.push(...found.stays);
    for (const planned of found.months) {
      const why = await whyItStays(session, planned, { cut, leaving: months, keep: request.keep });
      if (why === undefined) months.push(planned);
      else stays.push({ table: table.table, month: planned.month, why });
    }
  }
  return { cut, months, stays };
}

/** Every row of an archived month is older than the age; a month that is named only has to be over. */
function cutOf({ month, olderThanMonths }: ArchiveRequest, now: Date): Month {
  if (month === undefined) return monthsLater(monthOf(now.getTime()), -olderThanMonths);
  if (endOf(month) > now.getTime()) {
    throw new OrdersyncError('precondition', `${month} is not over: rows are still written to it`, {
      hint: 'archive months that are past',
    });
  }
  return monthOf(now.getTime());
}

export async function requireJournal({ sql }: Session): Promise<void> {
  if (await hasJournal(sql)) return;
  throw new OrdersyncError('precondition', 'the journal of the archive is not in this database', {
    hint: 'it comes with the migrations: ordersync migrate up',
  });
}

/** Rows that are being re-encrypted change under the export, and the proof before the drop would fail. */
async function requireNoRotation({ sql }: Session, tables: readonly ArchivedTable[]): Promise<void> {
  const names = new Set(tables.flatMap(({ table, dependants }) => [table, ...dependants.map((one) => one.table)]));
  const types = new Set(
    ENCRYPTED_TABLES.filter(({ name }) => names.has(name)).flatMap(({ pairs }) => pairs.map(({ keyType }) => keyType)),
  );
  const rotating = (await readRotatingTypes(sql)).filter((type) => types.has(type));
  if (rotating.length === 0) return;
  throw new OrdersyncError(
    'precondition',
    `a rotation of ${rotating.join(', ')} is not finished: it changes these rows`,
    {
      hint: `finish it first: ordersync key rotate --type ${rotating[0]} --resume`,
      facts: { key_types: rotating },
    },
  );
}
