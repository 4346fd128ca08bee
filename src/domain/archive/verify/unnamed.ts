import type { Context, Work } from '../../../context.ts';
import type { ObjectStore, StoredObject } from '../../../store/store.ts';
import { HEAD_KEY, publicKeyKey, sequenceOf } from '../manifest/places.ts';
import type { ProvenManifest } from './chain.ts';
import type { Finding } from './finding.ts';

/**
 * What lies in a store and belongs to no manifest: an export that was interrupted or is under way, or what somebody else put
 * there. It is part of no archive, but other programs that read whole folders would take it in.
 */
export async function* unnamedObjects(
  { signal }: Pick<Context, 'signal'>,
  store: ObjectStore,
  proven: readonly ProvenManifest[],
  findings: readonly Finding[],
): Work<readonly StoredObject[]> {
  yield { kind: 'phase', message: 'looking for files that no manifest names' };
  const named = new Set([HEAD_KEY, ...findings.map(({ place }) => place)]);
  for (const { signedWith, files } of proven) {
    named.add(publicKeyKey(signedWith));
    for (const key of files) named.add(key);
  }
  const unnamed: StoredObject[] = [];
  for await (const object of store.list('')) {
    signal.throwIfAborted();
    if (!named.has(object.key) && sequenceOf(object.key) === undefined) unnamed.push(object);
  }
  return unnamed;
}
