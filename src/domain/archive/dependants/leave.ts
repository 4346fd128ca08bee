import type { Context, ProgressEvent, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../../db/transaction.ts';
import { rootInDatabase } from '../content/database.ts';
import type { Leaf } from '../content/content.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import { holdsAny } from '../plan/queries.ts';
import type { Part } from '../plan/sources.ts';
import { cancellable } from '../run/cancellable.ts';
import { deleteRows, dropLeaving, fromListed, listLeaving, openGuard } from './queries.ts';

export interface LeaveRequest {
  /** What the manifest says of them. */
  readonly archived: ArchivedSource;
  /** Where they are. */
  readonly part: Part;
  /** Of tables behind the guard of append-only tables: their owner, whom the guard asks for. */
  readonly guardedBy: string | undefined;
  /** Deleting a row would take these along: none may be left. */
  readonly cascading: readonly Part[];
  /** "orders 2025-01" */
  readonly what: string;
}

export interface Left {
  readonly rows: number;
  /** Hours whose rows are not the archived ones any more: they stay. */
  readonly differing: readonly string[];
}

/** Whole hours are joined up to so many rows, so that a transaction ends within a second or so. */
const ROWS_PER_BATCH = 10_000;
/** Others hold rows of an archived month for moments only. */
const ATTEMPTS = 10;
const LOCK_TIMEOUT = '2s';
const PAUSE_MS = 200;
const HOUR_MS = 3_600_000;

const RETRYABLE: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
]);

/**
 * Deletes rows that are archived, some hours at a time. In each transaction PostgreSQL computes the digest of the very rows
 * that it is to delete, and they go only when it is the manifest's; a repeatable read snapshot makes a row that changes
 * meanwhile fail the transaction. What came later is not touched.
 */
export async function* leaveByHour(
  needs: { readonly ctx: Pick<Context, 'clock' | 'signal'>; readonly session: Session },
  request: LeaveRequest,
): Work<Left> {
  const { ctx, session } = needs;
  const { archived, part, what } = request;
  await inTransaction(session, async () => {
    if (request.guardedBy !== undefined) await openGuard(session, request.guardedBy);
    await listLeaving(session, part);
  });
  const differing: string[] = [];
  let rows = 0;
  const tell = (): ProgressEvent => ({
    kind: 'progress',
    label: `${what}: ${part.table} leaves`,
    done: rows,
    total: archived.rows,
    unit: 'rows',
  });
  yield tell();
  try {
    const batches = batchesOf(archived.leaves);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      ctx.signal.throwIfAborted();
      const startedMs = ctx.clock.monotonicMs();
      const left = await leaveBatch(needs, request, batch);
      if (left === 'differs' && batch.length > 1) batches.unshift(...batch.map((leaf) => [leaf]));
      else if (left === 'differs') differing.push(...batch.flatMap(({ hour }) => hour ?? []));
      else rows += left;
      yield {
        kind: 'progress',
        label: `${what}: ${part.table} leaves`,
        done: rows,
        total: archived.rows,
        unit: 'rows',
      };
      // As long as it worked: the server has others to serve.
      await ctx.clock.sleep(ctx.clock.monotonicMs() - startedMs, ctx.signal);
    }
  } finally {
    if (!session.lost) await dropLeaving(session);
  }
  return { rows, differing };
}

/** Consecutive hours, each batch with at least so many rows but the last. */
function batchesOf(leaves: readonly Leaf[]): (readonly Leaf[])[] {
  const batches: Leaf[][] = [];
  let rows = ROWS_PER_BATCH;
  for (const leaf of leaves) {
    if (rows >= ROWS_PER_BATCH) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(leaf);
    rows += leaf.rows;
  }
  return batches;
}

async function leaveBatch(
  { ctx, session }: { readonly ctx: Pick<Context, 'clock' | 'signal'>; readonly session: Session },
  request: LeaveRequest,
  batch: readonly Leaf[],
): Promise<number | 'differs'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await cancellable(ctx, session, async () =>
        inTransaction(session, async () => leaveHours(session, request, batch), 'isolation level repeatable read'),
      );
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (!RETRYABLE.has(sqlstateOf(error)) || attempt === ATTEMPTS) throw error;
      await ctx.clock.sleep(PAUSE_MS * (0.5 + Math.random()), ctx.signal);
    }
  }
}

/** Those that are gone already left in an earlier run; of the others all of an hour go, or none. */
async function leaveHours(
  session: Session,
  request: LeaveRequest,
  batch: readonly Leaf[],
): Promise<number | 'differs'> {
  const { archived, part, guardedBy, cascading } = request;
  await setLocal(session, 'lock_timeout', LOCK_TIMEOUT);
  if (guardedBy !== undefined) await openGuard(session, guardedBy);
  for (const taken of cascading) if (await holdsAny(session, taken)) return 'differs';
  const from = fromListed(part, hoursOf(batch));
  const { columns, orderedBy, table } = archived;
  const found = await rootInDatabase(session, { table, columns, orderedBy, timeColumn: part.timeColumn, from });
  const known = new Map(batch.map((leaf) => [leaf.hour, leaf.sha256]));
  if (found.leaves.some(({ hour, sha256 }) => known.get(hour) !== sha256)) return 'differs';
  const deleted = await deleteRows(session, from);
  if (deleted !== found.rows) throw new TypeError(`${deleted} rows of ${table} deleted, and ${found.rows} proven`);
  return deleted;
}

function hoursOf(batch: readonly Leaf[]): { from: string; to: string } {
  const first = batch[0]?.hour;
  const last = batch.at(-1)?.hour;
  if (first == null || last == null) throw new TypeError('rows without a time do not leave by the hour');
  return { from: first, to: new Date(Date.parse(last) + HOUR_MS).toISOString() };
}
