import type { Context, Work } from '../../../context.ts';
import { describeServerError } from '../../../db/server-error.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Manners } from '../../partitions/attempts.ts';
import { createRowPace } from '../content/row-pace.ts';
import type { ArchivePlan, ArchiveRequest, PlannedMonth, Staying } from '../plan/plan.ts';
import { planArchive } from '../plan/plan.ts';
import { whyItStays } from '../plan/stays.ts';
import type { KeptFile } from '../removal.ts';
import { removeCover } from './cover.ts';
import type { JournalEntry } from './journal-queries.ts';
import { takeArchiveLock } from './lock.ts';
import { archiveMonth } from './month.ts';
import type { ArchiveRun } from './needs.ts';
import { openChain } from './open-chain.ts';
import { stoppedRun } from './stopped.ts';

export interface RunRequest extends ArchiveRequest {
  readonly manners: Manners;
  readonly waitMs: number;
  /** Rows per second at most while they are exported; undefined for as fast as it goes. */
  readonly maxRate: number | undefined;
  /** "ordersync 1.0.0" */
  readonly tool: string;
}

/** What became of one month. */
export interface MonthOutcome {
  readonly planned: PlannedMonth;
  /** Undefined for an empty partition that was taken away, and where nothing was begun. */
  readonly entry: JournalEntry | undefined;
  readonly durationMs: number;
  readonly problem: OrdersyncError | undefined;
}

export interface Archived {
  readonly outcomes: readonly MonthOutcome[];
  readonly stays: readonly Staying[];
  /** Files of exports that were broken off, which the store does not let go; part of no archive. */
  readonly kept: readonly KeptFile[];
}

/** What of a failure belongs to one month, so that the other tables go on. */
const OF_ONE_MONTH: ReadonlySet<string> = new Set(['unhealthy', 'checksum_mismatch', 'precondition', 'lock_held']);

/**
 * Archives months, one after the other, under the archive's lock. A month that fails ends its table for this run: what is
 * younger would leave from above it.
 * @throws OrdersyncError what concerns all of it: `lock_held`, a lost connection, a store that fails; what was done by then is
 *   told with it
 */
export async function* runArchive(
  ctx: ArchiveRun['ctx'] & Pick<Context, 'keys'>,
  { session, store }: { readonly session: Session; readonly store: ObjectStore },
  request: RunRequest,
): Work<Archived> {
  const lock = yield* takeArchiveLock(ctx, session, request.waitMs);
  const outcomes: MonthOutcome[] = [];
  let begun: PlannedMonth | undefined;
  try {
    const { run, plan } = yield* begin(ctx, { session, store }, request);
    const stays: Staying[] = [...plan.stays];
    const failed = new Set<string>();
    for (const planned of plan.months) {
      const { table } = planned.table;
      if (failed.has(table)) continue;
      const why = await whyItStays(session, planned, { cut: plan.cut, leaving: [], keep: request.keep });
      if (why !== undefined) {
        stays.push({ table, month: planned.month, why });
        continue;
      }
      begun = planned;
      const outcome = yield* archiveOne(run, planned);
      begun = undefined;
      if (outcome.problem !== undefined) failed.add(table);
      if (outcome.problem !== undefined || outcome.entry !== undefined || planned.kind === 'cover')
        outcomes.push(outcome);
    }
    return { outcomes, stays, kept: run.kept };
  } catch (error) {
    throw await stoppedRun(session, error, { outcomes, begun });
  } finally {
    await lock.release();
  }
}

/** Everything that can refuse does so before the first row is exported. */
async function* begin(
  ctx: ArchiveRun['ctx'] & Pick<Context, 'keys'>,
  { session, store }: { readonly session: Session; readonly store: ObjectStore },
  request: RunRequest,
): Work<{ run: ArchiveRun; plan: ArchivePlan }> {
  const chain = yield* openChain(ctx, { session, store }, request.tool);
  const plan = await planArchive(session, request, ctx.clock.now());
  requireSameStore(plan, store);
  const { manners, waitMs, keep, maxRate } = request;
  const pace = createRowPace(ctx, maxRate);
  return { run: { ...chain, manners, pace, waitMs, cut: plan.cut, keep }, plan };
}

/** An archive that was begun is finished where it was begun. */
export function requireSameStore({ months }: ArchivePlan, { location }: Pick<ObjectStore, 'location'>): void {
  const other = months.find(({ entry }) => {
    const begun = entry !== undefined && ['exported', 'verified', 'detached'].includes(entry.state);
    return begun && entry.location !== location;
  });
  if (other === undefined) return;
  const { table, month, entry } = other;
  throw new OrdersyncError('precondition', `${table.table} ${month} is being archived in ${entry?.location}`, {
    hint: `finish it there first: ordersync archive run --table ${table.table} --month ${month} --to ${entry?.location}`,
  });
}

async function* archiveOne(run: ArchiveRun, planned: PlannedMonth): Work<MonthOutcome> {
  const { clock } = run.ctx;
  const startedMs = clock.monotonicMs();
  const outcome = (entry: JournalEntry | undefined, problem?: OrdersyncError): MonthOutcome => ({
    planned,
    entry,
    problem,
    durationMs: clock.monotonicMs() - startedMs,
  });
  try {
    if (planned.kind !== 'cover') return outcome(yield* archiveMonth(run, planned));
    yield* removeCover(run, planned);
    return outcome(undefined);
  } catch (error) {
    run.ctx.signal.throwIfAborted();
    const described = describeServerError(error) ?? error;
    if (!(described instanceof OrdersyncError) || !OF_ONE_MONTH.has(described.code)) throw described;
    return outcome(undefined, described);
  }
}
