import type { Work } from '../../../context.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import { OrdersyncError } from '../../../errors.ts';
import { leaveByHour } from '../dependants/leave.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import { holdsAny, readOwner } from '../plan/queries.ts';
import type { Part } from '../plan/sources.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setDropped, setLeaving, setProblem } from './journal-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { reach } from './needs.ts';
import type { MonthParts } from './parts.ts';
import { archivedOf } from './recheck.ts';

export interface Leaving {
  readonly planned: PlannedMonth;
  readonly entry: JournalEntry;
  readonly parts: MonthParts;
  readonly signed: SignedManifest;
}

/**
 * Deletes what depends on a month, table by table. What has another content than the manifest says stays.
 * @returns what is left of it: "order_items 2025-01-31T23:00:00Z", "order_items"
 */
export async function* leaveDependants(run: ArchiveRun, leaving: Leaving): Work<readonly string[]> {
  const { session } = run;
  const timed = leaving.parts.dependants.filter(({ timeColumn }) => timeColumn !== undefined);
  if (timed.length === 0) return [];
  await setLeaving(session.sql, leaving.entry.id);
  reach(run, 'archive-leaving');
  const left: string[] = [];
  for (const part of timed) left.push(...(yield* leavePart(run, leaving, part, [])));
  return left;
}

/**
 * Deletes the rows of an archive whose month has no table of its own. Rows that changed or came since its export stay: the
 * next run finds them as late rows of an archived month.
 */
export async function* leaveRows(run: ArchiveRun, leaving: Leaving): Work<void> {
  const { session } = run;
  const { entry, parts, planned } = leaving;
  const left = [...(yield* leaveDependants(run, leaving))];
  await setLeaving(session.sql, entry.id);
  reach(run, 'archive-leaving');
  if (planned.kind === 'month' || planned.ownRows)
    left.push(...(yield* leavePart(run, leaving, parts.own, parts.dependants)));
  if (!(await setDropped(session.sql, entry.id)))
    throw new TypeError('the journal does not expect that rows have left');
  reach(run, 'archive-dropped');
  if (left.length === 0) return;
  await setProblem(session.sql, entry.id, `changed since its export: ${left.slice(0, 3).join('; ')}`);
  throw new OrdersyncError(
    'unhealthy',
    `rows of ${entry.table} ${entry.month} changed since their export, and were not deleted`,
    {
      body: left,
      hint: 'run the command again: it archives them as a supplement',
    },
  );
}

async function* leavePart(
  run: ArchiveRun,
  { planned, entry, signed }: Leaving,
  part: Part,
  cascading: readonly Part[],
): Work<readonly string[]> {
  const { ctx, session } = run;
  const { table, guarded } = planned.table;
  const guardedBy = guarded ? await readOwner(session.sql, quoteQualified(part.relation)) : undefined;
  // What has no time of its own repeats these rows: a trigger takes it away with them.
  const taken = cascading.filter(({ timeColumn }) => timeColumn !== undefined);
  const archived = archivedOf(signed, part.table);
  const { differing } = yield* leaveByHour(
    { ctx, session },
    { archived, part, guardedBy, cascading: taken, what: `${table} ${entry.month}` },
  );
  const hours = differing.map((hour) => `${part.table} ${hour}`);
  return hours.length === 0 && (await holdsAny(session, part)) ? [part.table] : hours;
}
