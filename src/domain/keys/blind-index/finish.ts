import type { Context, Work } from '../../../context.ts';
import type { Session, Sql } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { BlindIndexKeyRow } from '../../encryption/queries.ts';
import { recordKeyAction } from '../audit.ts';
import { changeKeys } from '../transaction.ts';
import { aloneOnIndex, openRun } from './backfill.ts';
import { placesOf } from './places.ts';
import type { IndexRun, RenewTotals } from './renew.ts';
import { NOTHING, renewHashes, sumOf } from './renew.ts';
import type { IndexState } from './state.ts';
import { requireIndexRights, requireRotating } from './state.ts';
import { moveIndexKey, readIndexKeyAges } from './state-queries.ts';

/** Passes after which writers that keep to the older key are told instead of followed. */
const PASSES = 5;
const LOOK_EVERY_MS = 1000;

type Needs = Pick<Context, 'keys' | 'clock' | 'signal'>;

export interface FinishRequest {
  readonly state: IndexState;
  /** How long after the start a writer may still have only the older key in its cache. */
  readonly graceMs: number;
  readonly fullSpeed: boolean;
}

export interface Finished {
  /** The last pass: what it looked at, and what it still found. */
  readonly last: RenewTotals;
  /** False when rows are left: bad ones, or some that writers kept changing. */
  readonly retired: boolean;
}

/**
 * Computes every hash anew and compares, after the grace period, until one pass over all tables finds nothing under the
 * older key; then that key is RETIRED. A bad hash stays as it is, and the key with it.
 * @throws OrdersyncError `precondition` before the backfill is through
 */
export async function* finishIndexRotation(ctx: Needs, session: Session, request: FinishRequest): Work<Finished> {
  const { state, graceMs, fullSpeed } = request;
  const older = requireRotating(state);
  await requireIndexRights(session, state.purpose);
  requireBackfilled(state);
  return yield* aloneOnIndex(ctx, session, state, async function* () {
    yield* waitForGrace(ctx, session.sql, state, graceMs);
    const run = await openRun(ctx, session, { state, fullSpeed });
    let last = NOTHING;
    for (let pass = 1; pass <= PASSES; pass += 1) {
      yield { kind: 'phase', message: `computing every hash anew, pass ${pass}` };
      last = yield* passOver(ctx, session, run);
      if (last.renewed + last.missed === 0) break;
    }
    if (last.renewed + last.missed + last.badCount > 0) return { last, retired: false };
    return { last, retired: await retire(session, state, { older, hashes: last.seen }) };
  });
}

function requireBackfilled({ purpose, progress }: IndexState): void {
  const open = placesOf(purpose)
    .map(({ table }) => table.name)
    .filter((name) => !progress.some(({ table, done }) => table === name && done));
  if (open.length === 0) return;
  throw new OrdersyncError('precondition', `not every hash is renewed: ${open.join(', ')}`, {
    hint: `ordersync key rotate-index ${purpose} backfill`,
  });
}

async function* waitForGrace(
  ctx: Pick<Context, 'clock' | 'signal'>,
  sql: Sql,
  { purpose, active }: IndexState,
  graceMs: number,
): Work<void> {
  for (;;) {
    ctx.signal.throwIfAborted();
    const ages = await readIndexKeyAges(sql, purpose);
    const leftMs = graceMs - (ages.find(({ version }) => version === active.version)?.ageMs ?? 0);
    if (leftMs <= 0) return;
    const seconds = Math.ceil(leftMs / 1000);
    yield { kind: 'phase', message: `waiting ${seconds} s: writers may have only the older key in their cache` };
    await ctx.clock.sleep(Math.min(leftMs, LOOK_EVERY_MS), ctx.signal);
  }
}

async function* passOver(ctx: Pick<Context, 'clock' | 'signal'>, session: Session, run: IndexRun): Work<RenewTotals> {
  let totals = NOTHING;
  for (const place of placesOf(run.purpose)) {
    totals = sumOf(totals, yield* renewHashes(ctx, session, run, { place, after: null, record: false }));
  }
  return totals;
}

async function retire(
  session: Session,
  { purpose, active }: IndexState,
  { older, hashes }: { readonly older: BlindIndexKeyRow; readonly hashes: number },
): Promise<boolean> {
  return changeKeys(session, async () => {
    if (!(await moveIndexKey(session.sql, older, { from: 'ROTATING', to: 'RETIRED' }))) return false;
    await recordKeyAction(session.sql, {
      action: 'RETIRE_KEY',
      resourceType: 'blind_index_keys',
      resourceId: `${purpose}-v${older.version}`,
      changes: { to: active.version, hashes },
    });
    return true;
  });
}
