import { createHash } from 'node:crypto';
import type { ProgressEvent } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Head } from './chain.ts';
import { publishHead, readHeadFile } from './head.ts';
import { notAsKnown } from './known.ts';
import type { SignedManifest } from './manifest.ts';
import type { Ownership } from './newest.ts';
import { isForeign, otherDatabase, readNewest } from './newest.ts';
import { MANIFEST_BYTES, parseManifest } from './parse.ts';
import { HEAD_KEY, MANIFESTS, manifestKey } from './places.ts';
import { sendBytes } from './send.ts';
import type { Signer } from './sign.ts';
import { verifySignature } from './sign.ts';
import { damagedBy, readSmall } from './stored.ts';

/** The manifests as the database keeps them. */
export interface ManifestLedger {
  readHead(): Promise<Head | undefined>;
  /** Keeps the manifest and makes it the head, in one transaction. @returns false when the head is not `from` any more */
  advance(signed: SignedManifest, from: Head | undefined): Promise<boolean>;
}

export interface ChainNeeds extends Ownership {
  readonly signer: Signer;
  /** Told what was found in the store, and what was done with it. */
  readonly tell: (event: ProgressEvent) => void;
}

export interface ChainEnd {
  readonly head: Head | undefined;
  /** What the head is the digest of; undefined for an empty chain. */
  readonly newest: SignedManifest | undefined;
  /** Taken over now, oldest first. */
  readonly adopted: readonly SignedManifest[];
}

/**
 * Makes the database's head the store's: manifests that killed runs stored without telling the database are taken over, one
 * after the other, when they are genuine, of this database, and follow the head.
 * - Something in the place of the next manifest that is none is put aside under a name of its own, nothing of it is lost.
 * - A manifest of another database is left alone, and the store refused: two chains in one place would break each other.
 * - A store that does not hold the head's manifest is refused: it is another store, or its end was cut off or damaged.
 * @throws OrdersyncError `precondition`, reason `other_store` or `other_database`; `unhealthy` for a manifest that is not as it was
 *   signed
 */
export async function adoptStored(
  needs: ChainNeeds,
  { ledger, store }: { readonly ledger: ManifestLedger; readonly store: ObjectStore },
): Promise<ChainEnd> {
  const adopted: SignedManifest[] = [];
  for (;;) {
    const head = await ledger.readHead();
    const newest = await readNewest(needs, store, head);
    const key = manifestKey((head?.sequence ?? 0) + 1);
    const bytes = await readSmall(store, key, MANIFEST_BYTES);
    if (bytes === undefined) {
      await refreshHead(store, head, needs.tell);
      return { head, newest, adopted };
    }
    const next = judge(needs, store, head, { key, bytes });
    if ('debris' in next) {
      await requireDebris(store, head, next.debris);
      await putAside(store, key, bytes);
      needs.tell({ kind: 'warning', message: `${key} was put aside in ${ASIDE}: ${next.debris}` });
    } else if (await ledger.advance(next.signed, head)) {
      adopted.push(next.signed);
      needs.tell({ kind: 'note', message: `took over ${key}, which an interrupted run had stored` });
    }
  }
}

const ASIDE = `${MANIFESTS}aside/`;

/** What head.json knows of was a manifest once. */
async function requireDebris(store: ObjectStore, head: Head | undefined, debris: string): Promise<void> {
  const sequence = (head?.sequence ?? 0) + 1;
  const known = await readHeadFile(store, () => undefined);
  if (known === undefined || known.sequence < sequence) return;
  throw notAsKnown(
    store,
    { sequence },
    { fault: 'damaged', message: `${debris}; ${HEAD_KEY} knows of a manifest there` },
  );
}

/** A run that was killed before it wrote head.json left an older one. */
async function refreshHead(store: ObjectStore, head: Head | undefined, tell: ChainNeeds['tell']): Promise<void> {
  const known = await readHeadFile(store, (message) =>
    tell({ kind: 'warning', message: `${message}; it is written again` }),
  );
  const sequence = head?.sequence ?? 0;
  if (known !== undefined && known.sequence > sequence) {
    const message = `it is missing: ${HEAD_KEY} knows of manifest ${known.sequence}, this database of ${sequence}`;
    throw notAsKnown(store, { sequence: sequence + 1 }, { fault: 'missing', message });
  }
  if (head !== undefined && known?.digest !== head.digest) await publishHead(store, head);
}

/** What lies in the place of the next manifest. Throws for the manifest of somebody else. */
function judge(
  needs: ChainNeeds,
  store: ObjectStore,
  head: Head | undefined,
  { key, bytes }: { readonly key: string; readonly bytes: Uint8Array },
): { readonly signed: SignedManifest } | { readonly debris: string } {
  const signed = parsed(bytes, key);
  if ('damaged' in signed) return { debris: signed.damaged };
  const { manifest } = signed;
  if (isForeign(needs, signed)) throw otherDatabase(store, key, signed);
  const fault = verifySignature(signed, needs.publicKeys);
  if (fault !== undefined) return { debris: `its signature does not hold (${fault})` };
  const follows = manifest.sequence === (head?.sequence ?? 0) + 1 && manifest.previous === (head?.digest ?? null);
  return follows ? { signed } : { debris: 'it does not follow the newest manifest of this database' };
}

function parsed(bytes: Uint8Array, key: string): SignedManifest | { readonly damaged: string } {
  try {
    return parseManifest(bytes, key);
  } catch (error) {
    return damagedBy(error);
  }
}

/** Copied and read back before the original goes; a copy that is there already is of these very bytes. */
async function putAside(store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const aside = `${ASIDE}${key.slice(MANIFESTS.length, -'.json'.length)}-${sha256.slice(0, 16)}.json`;
  await sendBytes(store, aside, bytes, { ifAbsent: true }).catch((error: unknown) => {
    if (storeFaultOf(error) !== 'already_exists') throw error;
  });
  if (!(await readBackEquals(store, { key: aside, bytes: bytes.length, sha256 }))) {
    throw new OrdersyncError('unhealthy', `${store.location} does not give back the copy of ${key} that was sent`, {
      hint: 'the original was left where it is; check what answers as the store',
      facts: { reason: 'lying_store', location: store.location, key: aside },
    });
  }
  await store.remove(key);
}
