import type { Context, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { described } from '../transaction.ts';
import { aloneOnIndex } from './backfill.ts';
import { clearClaims, dropClaimsIndex, readClaimed } from './claims-queries.ts';
import type { IndexState } from './state.ts';
import { requireIndexRights } from './state.ts';
import { readIndexKeyAges } from './state-queries.ts';

const BATCH_ROWS = 1000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Erases the hashes under the retired key and drops the index over them: the end of a rotation of a unique column.
 * @returns how many rows had one
 * @throws OrdersyncError `precondition` while the rotation is under way, or for a grace period after it; `partial` when a
 *   row is held locked, or a writer still writes older hashes
 */
export async function* clearIndexRotation(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { state, graceMs }: { readonly state: IndexState; readonly graceMs: number },
): Work<number> {
  await requireEnded(session, state, graceMs);
  if (!state.claimed && state.claimsIndex === 'none') return 0;
  await requireIndexRights(session, state.purpose);
  return yield* aloneOnIndex(ctx, session, state, async function* () {
    let cleared = 0;
    for (let after: string | undefined = FIRST_ID; after !== undefined;) {
      ctx.signal.throwIfAborted();
      const batch: Awaited<ReturnType<typeof clearClaims>> = await described(
        clearClaims(session.sql, { after, limit: BATCH_ROWS }),
      );
      cleared += batch.cleared;
      after = batch.last;
      yield { kind: 'progress', label: 'users.email_hash_prev', done: cleared, unit: 'rows' };
    }
    if (await readClaimed(session.sql)) throw stillClaimed(state);
    await described(dropClaimsIndex(session));
    return cleared;
  });
}

async function requireEnded({ sql }: Session, state: IndexState, graceMs: number): Promise<void> {
  const { purpose, older, retired } = state;
  if (older !== undefined) {
    throw new OrdersyncError('precondition', `the key of the blind index ${purpose} is still being rotated`, {
      hint: `ordersync key rotate-index ${purpose} finish`,
    });
  }
  const ages = await readIndexKeyAges(sql, purpose);
  const forMs = ages.find(({ version }) => version === retired?.version)?.retiredForMs ?? graceMs;
  if (forMs >= graceMs) return;
  throw new OrdersyncError('precondition', 'writers may still have the retired key in their cache', {
    hint: `repeat this in ${Math.ceil((graceMs - forMs) / 1000)} s`,
  });
}

function stillClaimed({ purpose }: IndexState): OrdersyncError {
  return new OrdersyncError('partial', 'users still hold older hashes: rows are locked, or a writer has the old key', {
    hint: `ordersync key rotate-index ${purpose} clear`,
  });
}
