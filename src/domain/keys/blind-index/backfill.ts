import type { Context, Work } from '../../../context.ts';
import { acquireLock } from '../../../db/lock.ts';
import type { Session } from '../../../db/session.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import { placesOf } from './places.ts';
import type { IndexRun, RenewTotals } from './renew.ts';
import { NOTHING, renewHashes, sumOf } from './renew.ts';
import type { IndexState } from './state.ts';
import { notRotating, requireIndexRights, requireRotating } from './state.ts';

type Needs = Pick<Context, 'keys' | 'clock' | 'signal'>;

/** Renews every row once, from where the last run stopped. Rows that others hold, and late ones, are left to `finish`. */
export async function* backfillIndex(
  ctx: Needs,
  session: Session,
  { state, fullSpeed }: { readonly state: IndexState; readonly fullSpeed: boolean },
): Work<RenewTotals> {
  requireRotating(state);
  await requireIndexRights(session, state.purpose);
  return yield* aloneOnIndex(ctx, session, state, async function* () {
    const run = await openRun(ctx, session, { state, fullSpeed });
    let totals = NOTHING;
    for (const place of placesOf(state.purpose)) {
      const before = state.progress.find(({ table }) => table === place.table.name);
      if (before?.done === true) continue;
      const request = { place, after: before?.position ?? null, record: true };
      totals = sumOf(totals, yield* renewHashes(ctx, session, run, request));
    }
    return totals;
  });
}

/** One command at a time works on an index; two would do everything twice. */
export async function* aloneOnIndex<Result>(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { purpose }: Pick<IndexState, 'purpose'>,
  work: () => Work<Result>,
): Work<Result> {
  const lock = await acquireLock({ session, clock }, { name: `rotate-index ${purpose}`, signal });
  try {
    return yield* work();
  } finally {
    await lock.release();
  }
}

export async function openRun(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { state, fullSpeed }: { readonly state: IndexState; readonly fullSpeed: boolean },
): Promise<IndexRun> {
  const { purpose } = state;
  const keys = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const newer = await keys.blindIndex(purpose);
  const older = await keys.olderBlindIndex(purpose);
  if (older === undefined) throw notRotating(purpose);
  return { purpose, version: state.active.version, keys, indexes: { older, newer }, fullSpeed };
}
