import type { Context, Work } from '../../../context.ts';
import type { BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { blindIndexContext } from '../../../keystore/keystore.ts';
import { readBlindIndexKeys } from '../../encryption/queries.ts';
import { recordKeyAction } from '../audit.ts';
import { insertKey, makeKey, nextVersion } from '../create.ts';
import { changeKeys, described } from '../transaction.ts';
import { createClaimsIndex, dropClaimsIndex } from './claims-queries.ts';
import { placesOf } from './places.ts';
import type { IndexState } from './state.ts';
import { readIndexState, requireIndexRights } from './state.ts';
import { moveIndexKey } from './state-queries.ts';

/** What starting would meet; asks the key store whether it could make a key, and makes none. */
export async function planIndexStart(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  purpose: BlindIndexPurpose,
): Promise<IndexState> {
  const state = await readIndexState(session.sql, purpose);
  if (state.older !== undefined) return state;
  await requireIndexRights(session, purpose);
  if (state.claimed) {
    throw new OrdersyncError('precondition', 'users still hold hashes of the last rotation', {
      hint: `ordersync key rotate-index ${purpose} clear`,
    });
  }
  const version = nextVersion((await readBlindIndexKeys(session.sql)).filter((key) => key.purpose === purpose));
  await (await ctx.keys()).probe({ create: [blindIndexContext({ purpose, version })], unwrap: [], rewrap: [] });
  return state;
}

/**
 * Makes the next version ACTIVE and the present one ROTATING, in one transaction. From then on applications write under
 * the one and look up under both. Counters of rate limits live for minutes and begin anew: their older key is retired at
 * once.
 * @returns false when a rotation was under way already
 */
export async function* startIndexRotation(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { purpose, claimsIndex, older }: IndexState,
): Work<boolean> {
  if (older !== undefined) return false;
  const unique = placesOf(purpose).some(({ index }) => index.previous !== undefined);
  if (unique && claimsIndex !== 'valid') {
    yield { kind: 'phase', message: 'building the index that keeps addresses unique while the rotation lasts' };
    if (claimsIndex === 'invalid') await described(dropClaimsIndex(session));
    await described(createClaimsIndex(session));
  }
  const store = await ctx.keys();
  const keys = (await readBlindIndexKeys(session.sql)).filter((key) => key.purpose === purpose);
  const proven = await makeKey(store, { kind: 'blind-index', purpose, version: nextVersion(keys) });
  return changeKeys(session, async () => {
    const { active } = await readIndexState(session.sql, purpose);
    if (active.version >= proven.key.version) return false;
    const to = placesOf(purpose).length === 0 ? 'RETIRED' : 'ROTATING';
    if (!(await moveIndexKey(session.sql, active, { from: 'ACTIVE', to }))) return false;
    await insertKey(session.sql, store, proven);
    await recordKeyAction(session.sql, {
      action: 'ROTATE_KEY',
      resourceType: 'blind_index_keys',
      resourceId: `${purpose}-v${proven.key.version}`,
      changes: { step: 'start', from: active.version, to: proven.key.version },
    });
    return true;
  });
}
