import { createHash } from 'node:crypto';
import type { ObjectStore, SentObject } from './store.ts';
import { storeFaultOf } from './store-error.ts';

/**
 * Whether a store gives back the very bytes that were sent: all of them are fetched. A store that answers "done" and keeps
 * something else, less or nothing is caught here and nowhere before.
 */
export async function readBackEquals(store: Pick<ObjectStore, 'read'>, sent: SentObject): Promise<boolean> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of store.read(sent.key)) {
      bytes += piece.length;
      if (bytes > sent.bytes) return false;
      hash.update(piece);
    }
  } catch (error) {
    const fault = storeFaultOf(error);
    if (fault === 'not_found' || fault === 'truncated') return false;
    throw error;
  }
  return bytes === sent.bytes && hash.digest('hex') === sent.sha256;
}
