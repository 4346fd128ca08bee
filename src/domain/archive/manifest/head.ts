import * as v from 'valibot';
import type { ObjectStore } from '../../../store/store.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { canonicalJson } from './canonical.ts';
import type { Head } from './chain.ts';
import { HEAD_KEY } from './places.ts';
import { sendBytes } from './send.ts';
import { readSmall } from './stored.ts';

const FORMAT = 'ordersync-archive-head/1';
const HEAD_BYTES = 4096;

const headFile = v.strictObject({
  format: v.literal(FORMAT),
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u)),
});

/**
 * Writes head.json. It is not signed: whoever may write to the store may put an older, genuine one there. What it is good
 * for is to see a tail that got lost; against those who cut it on purpose stand the database's head and the printed one.
 */
export async function publishHead(store: ObjectStore, { sequence, digest }: Head): Promise<void> {
  const sent = await sendBytes(
    store,
    HEAD_KEY,
    Buffer.from(`${canonicalJson({ format: FORMAT, sequence, digest })}\n`),
  );
  if (await readBackEquals(store, sent)) return;
  throw new OrdersyncError('unhealthy', `${store.location} does not give back the ${HEAD_KEY} that was sent`, {
    hint: 'the manifest itself was stored and proven; check the store, then run again',
    facts: { reason: 'lying_store', location: store.location, key: HEAD_KEY },
  });
}

/** @throws OrdersyncError `unhealthy` when head.json is none */
export async function readStoreHead(store: Pick<ObjectStore, 'read' | 'location'>): Promise<Head | undefined> {
  const bytes = await readSmall(store, HEAD_KEY, HEAD_BYTES);
  if (bytes === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), headFile), bytes.toString('utf8'));
  if (parsed.success) return { sequence: parsed.output.sequence, digest: parsed.output.digest };
  throw new OrdersyncError('unhealthy', `${HEAD_KEY} in ${store.location} is damaged`, {
    hint: 'the next ordersync archive run writes it again; ordersync archive head prints the one of the database',
    facts: { reason: 'damaged_head', location: store.location, key: HEAD_KEY },
  });
}

/** head.json, or undefined when there is none or a damaged one, of which the caller is told. */
export async function readHeadFile(
  store: Pick<ObjectStore, 'read' | 'location'>,
  onDamaged: (message: string) => void,
): Promise<Head | undefined> {
  return readStoreHead(store).catch((error: unknown) => {
    if (!(error instanceof OrdersyncError) || error.details.facts?.['reason'] !== 'damaged_head') throw error;
    onDamaged(error.message);
    return undefined;
  });
}
