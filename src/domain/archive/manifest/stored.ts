import { OrdersyncError } from '../../../errors.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { SignedManifest } from './manifest.ts';
import { MANIFEST_BYTES, parseManifest } from './parse.ts';
import { MANIFESTS, manifestKey, sequenceOf } from './places.ts';

/** A manifest as it lies in a store, or why what lies there is none. */
export interface StoredManifest {
  readonly sequence: number;
  readonly place: string;
  readonly content: SignedManifest | { readonly damaged: string };
}

/**
 * From the store's own bytes. Whether it is genuine is for verifySignature to say.
 * @returns undefined when there is none
 * @throws OrdersyncError `unhealthy` when what lies there is no manifest
 */
export async function readManifest(
  store: Pick<ObjectStore, 'read'>,
  sequence: number,
): Promise<SignedManifest | undefined> {
  const place = manifestKey(sequence);
  const bytes = await readSmall(store, place, MANIFEST_BYTES);
  return bytes && parseManifest(bytes, place);
}

/** Every manifest of a store, one after the other in the order of their numbers. */
export async function* readManifests(
  store: Pick<ObjectStore, 'read' | 'list'>,
): AsyncGenerator<StoredManifest, void, void> {
  for await (const { key } of store.list(MANIFESTS)) {
    const sequence = sequenceOf(key);
    if (sequence === undefined) continue;
    const content = await readManifest(store, sequence).catch(damagedBy);
    // Listed and gone: as good as never there; the chain shows the gap.
    if (content !== undefined) yield { sequence, place: key, content };
  }
}

/** A whole object that is known to be small, or undefined when there is none. */
export async function readSmall(
  store: Pick<ObjectStore, 'read'>,
  key: string,
  mostBytes: number,
): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of store.read(key)) {
      pieces.push(piece);
      bytes += piece.length;
      // Its reader refuses what is longer; there is no need to hold all of it.
      if (bytes > mostBytes) break;
    }
  } catch (error) {
    if (storeFaultOf(error) === 'not_found') return undefined;
    throw error;
  }
  return Buffer.concat(pieces);
}

/** Only what is wrong with the bytes; a store that fails says nothing about them. */
export function damagedBy(error: unknown): { readonly damaged: string } {
  const reason = error instanceof OrdersyncError ? error.details.facts?.['reason'] : undefined;
  if (!(error instanceof OrdersyncError) || (reason !== 'not_a_manifest' && reason !== 'newer_manifest')) throw error;
  return { damaged: [error.message, ...(error.details.body ?? [])].join('; ') };
}
