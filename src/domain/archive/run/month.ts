import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import { whyItStays } from '../plan/stays.ts';
import { detachVerified } from './detach.ts';
import { dropMonth } from './drop.ts';
import { exportMonth } from './export.ts';
import type { JournalEntry } from './journal-queries.ts';
import { insertEntry, readEntry, readJournal, renewEntry } from './journal-queries.ts';
import type { Leaving } from './leave.ts';
import { leaveDependants, leaveRows } from './leave.ts';
import type { ArchiveRun } from './needs.ts';
import { holderOf, readParts } from './parts.ts';
import { proveAgain } from './prove-again.ts';
import { recheckMonth } from './recheck.ts';
import { repeatSupplements } from './repeat.ts';
import { boundsOf, readProven, sealMonth } from './seal.ts';

/**
 * Brings one month as far as it can go. The journal says where it is, and every step can be done again after it was broken
 * off anywhere. @returns the entry as it is then
 */
export async function* archiveMonth(run: ArchiveRun, planned: PlannedMonth): Work<JournalEntry> {
  const { ctx, session } = run;
  const id = await openEntry(run, planned);
  // What an earlier run has left is looked at again before anything leaves.
  const resumed = { ...(await readEntry(session.sql, id)), readBack: false };
  for (;;) {
    ctx.signal.throwIfAborted();
    const entry = await readEntry(session.sql, id);
    if (entry.state === 'planned') yield* exportMonth(run, planned, entry);
    else if (entry.state === 'exported') {
      yield* sealMonth(run, entry);
      resumed.readBack = true;
    } else if (entry.state === 'dropped' || run.keep) return entry;
    else yield* letLeave(run, planned, { entry, fresh: resumed.readBack, resumedLeaving: resumed.leaving });
  }
}

async function openEntry({ session, store }: ArchiveRun, planned: PlannedMonth): Promise<string> {
  const { table, month, kind, number, partition, entry } = planned;
  if (kind === 'cover') throw new TypeError('an empty month is not archived');
  if (entry?.state === 'restored') {
    await renewEntry(session.sql, entry.id, partition);
    return entry.id;
  }
  if (entry !== undefined) return entry.id;
  const { lower: from, upper: to } = boundsOf(month);
  return insertEntry(session.sql, {
    table: table.table,
    month,
    kind,
    number,
    location: store.location,
    from,
    to,
    partition,
  });
}

interface LeaveState {
  readonly entry: JournalEntry;
  /** Read back from the store in this run. */
  readonly fresh: boolean;
  /** Rows had begun to leave before this run. */
  readonly resumedLeaving: boolean;
}

/** verified → detached → dropped, or verified → dropped where the rows lie among others. */
async function* letLeave(run: ArchiveRun, planned: PlannedMonth, state: LeaveState): Work<void> {
  const { session } = run;
  const { entry, fresh } = state;
  const signed = await readProven(run, entry);
  yield* repeatSupplements(run, entry);
  if (!fresh) yield* proveAgain(run, entry, signed);
  if (entry.state === 'detached') yield* dropMonth(run, { planned, entry, signed });
  else {
    const parts = await readParts(session, planned);
    const leaving = { planned, entry, parts, signed };
    if (planned.partition === undefined) yield* leaveRows(run, leaving);
    else yield* leaveTable(run, leaving, state);
  }
}

/** verified → detached */
async function* leaveTable(run: ArchiveRun, leaving: Leaving, state: LeaveState): Work<void> {
  const { planned, entry, parts } = leaving;
  const { attached } = await holderOf(run.session, planned);
  if (attached) {
    await requireLeave(run, planned, entry);
    const justExported = state.fresh && parts.dependants.length === 0;
    if (!entry.leaving && !justExported) yield* recheckMonth(run, leaving);
    const left = yield* leaveDependants(run, leaving);
    if (left.length > 0) yield* archiveResidue(run, planned, { ...state, left });
  }
  yield* detachVerified(run, planned, entry);
}

/** Looked at under the lock again: what refers to the month may have come since the plan. */
async function requireLeave({ session, cut }: ArchiveRun, planned: PlannedMonth, entry: JournalEntry): Promise<void> {
  const why = await whyItStays(session, { ...planned, entry }, { cut, leaving: [], keep: false });
  if (why === undefined) return;
  throw new OrdersyncError('precondition', `${entry.table} ${entry.month} stays: ${why}`, {
    hint: 'it is exported and proven, and leaves with a later run',
  });
}

/**
 * What is left of dependants after all that is archived has left. Found in the run that let them leave, it is told, so that
 * a person may look; found again by a later run, it is archived as a supplement and leaves too.
 */
async function* archiveResidue(
  run: ArchiveRun,
  planned: PlannedMonth,
  { entry, resumedLeaving, left }: LeaveState & { readonly left: readonly string[] },
): Work<void> {
  const { session } = run;
  if (!resumedLeaving) {
    throw new OrdersyncError('unhealthy', `what depends on ${entry.table} ${entry.month} changed since its export`, {
      body: left,
      hint: 'it was not deleted; run the command again: it archives it as a supplement',
      facts: { left },
    });
  }
  const known = (await readJournal(session.sql, [entry.table])).filter(({ month }) => month === entry.month);
  const number = Math.max(0, ...known.map((one) => one.number)) + 1;
  yield {
    kind: 'note',
    message: `${left.join(', ')}: archived as supplement ${number} of ${entry.table} ${entry.month}`,
  };
  const residue = {
    ...planned,
    kind: 'supplement',
    number,
    entry: undefined,
    partition: undefined,
    ownRows: false,
  } as const;
  yield* archiveMonth(run, residue);
}
