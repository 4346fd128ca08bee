import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KeyStore, WrappedKey } from '../../keystore/keystore.ts';
import { commitmentOf } from '../encryption/database-keys.ts';
import { recordKeyAction } from './audit.ts';
import type { StoredKey } from './rewrap-queries.ts';
import { readStoredKeys, replaceWrapped } from './rewrap-queries.ts';
import { requireKeyRights } from './rights.ts';
import { changeKeys } from './transaction.ts';

export interface RewrapPlan {
  /** The key that will wrap everything: a KMS key ARN, or the id of a keyring key. */
  readonly target: string;
  readonly pending: readonly StoredKey[];
  /** Keys it wraps already: an earlier run's work among them. */
  readonly done: readonly StoredKey[];
}

export interface Rewrapped {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Another process was faster. */
  readonly changedMeanwhile: boolean;
}

/**
 * Which wrapped keys are not yet wrapped by the store's present key. Asks the store for everything the run will do, so that
 * missing rights and disabled keys show before anything is changed.
 * @param to the key the user named, if any; a local store must have it as its present key
 */
export async function planRewrap(session: Session, store: KeyStore, to: string | undefined): Promise<RewrapPlan> {
  const stored = await readStoredKeys(session.sql);
  const foreign = stored.find(({ provider }) => provider !== store.provider);
  if (foreign !== undefined) {
    throw new OrdersyncError('config', `${foreign.name} is wrapped by ${foreign.provider}, not by ${store.provider}`, {
      hint: `set ORDERSYNC_KEY_PROVIDER=${foreign.provider}; rewrapping stays with one provider`,
    });
  }
  const { providerKey: target } = await store.describe();
  if (store.provider === 'local' && to !== undefined && to !== target) {
    throw new OrdersyncError('precondition', `the keyring wraps with ${target}, not with ${to}`, {
      hint: 'the newest key of a keyring wraps; ordersync key keyring add-key adds one',
    });
  }
  const pending = stored.filter(({ providerKey }) => providerKey !== target);
  if (pending.length > 0) await requireKeyRights(session, 'rewrap');
  await store.probe({ create: [], unwrap: [], rewrap: pending });
  return { target, pending, done: stored.filter(({ providerKey }) => providerKey === target) };
}

/**
 * Wraps each pending key again, inside the store, opens the result and compares it before it is kept. One transaction per
 * key, so a run that stops is continued by the next one; no row of data is read or written.
 */
export async function* rewrapKeys(
  ctx: Pick<Context, 'signal'>,
  session: Session,
  { store, plan }: { readonly store: KeyStore; readonly plan: RewrapPlan },
): Work<Rewrapped[]> {
  const results: Rewrapped[] = [];
  for (const key of plan.pending) {
    yield { kind: 'phase', message: `rewrapping ${key.name} (${results.length + 1} of ${plan.pending.length})` };
    ctx.signal.throwIfAborted();
    try {
      results.push(await rewrapOne(session, store, key));
    } catch (error) {
      throw stoppedAfter(results.length, plan.pending.length, key, error);
    }
  }
  return results;
}

async function rewrapOne(session: Session, store: KeyStore, key: StoredKey): Promise<Rewrapped> {
  const { wrapped, providerKey, context } = key;
  const next = await store.rewrap({ wrapped, providerKey, context });
  await requireSameKey(store, key, next);
  const replaced = await changeKeys(session, async () => {
    if (!(await replaceWrapped(session.sql, key, next))) return false;
    await recordKeyAction(session.sql, {
      action: 'REWRAP_KEY',
      resourceType: key.table,
      resourceId: key.name,
      changes: { provider: key.provider, from: providerKey, to: next.providerKey },
    });
    return true;
  });
  return { name: key.name, from: providerKey, to: next.providerKey, changedMeanwhile: !replaced };
}

/** Once the old wrapping is gone, a new one that cannot be opened would lose every value under the key. */
async function requireSameKey(store: KeyStore, key: StoredKey, next: WrappedKey): Promise<void> {
  if (commitmentOf(await store.unwrap(next)) === key.commitment) return;
  throw new OrdersyncError('decrypt_failed', `the key store gave back another key after rewrapping ${key.name}`, {
    hint: 'the old wrapping was kept; check what answers as the key store',
    facts: { reason: 'commitment_mismatch', key: key.name },
  });
}

function stoppedAfter(done: number, total: number, { name }: StoredKey, error: unknown): unknown {
  if (done === 0 || !(error instanceof OrdersyncError) || error.code === 'interrupted') return error;
  return new OrdersyncError('partial', `stopped at ${name}, after ${done} of ${total} keys: ${error.message}`, {
    ...error.details,
    hint: `${error.details.hint ?? 'see above'}; then run the same command again: it goes on where it stopped`,
    cause: error,
  });
}
