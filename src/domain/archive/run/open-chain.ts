import type { Context, ProgressEvent, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { adoptStored } from '../manifest/adopt.ts';
import { ensureSigningKey, publishPublicKey, readPublicKeys } from '../manifest/signing-keys.ts';
import { createLedger } from './ledger.ts';
import { readIdentity } from './ledger-queries.ts';
import type { ChainRun } from './needs.ts';

/**
 * Makes ready to write to the chain, under the archive's lock: the signing key, and what killed runs stored and did not tell
 * the database.
 * @param tool "ordersync 1.0.0"
 */
export async function* openChain(
  ctx: ChainRun['ctx'] & Pick<Context, 'keys'>,
  { session, store }: { readonly session: Session; readonly store: ObjectStore },
  tool: string,
): Work<ChainRun> {
  const signer = await ensureSigningKey(session, async () => ctx.keys());
  const identity = { ...(await readIdentity(session.sql)), tool };
  const ledger = createLedger(session, store.location);
  const publicKeys = await readPublicKeys(session.sql);
  const told: ProgressEvent[] = [];
  const tell = (event: ProgressEvent): void => void told.push(event);
  await adoptStored({ signer, publicKeys, database: identity.database, tell }, { ledger, store });
  // Not before: a store that is refused is left as it was.
  await publishPublicKey(store, signer.publicKey);
  yield* told;
  return { ctx, session, store, ledger, signer, publicKeys, identity, kept: [] };
}
