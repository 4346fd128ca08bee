import { createHash } from 'node:crypto';
import type { ProgressEvent } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { digestOf } from './canonical.ts';
import type { Head } from './chain.ts';
import { publishHead, readStoreHead } from './head.ts';
import type { Manifest, SignedManifest } from './manifest.ts';
import { MANIFEST_BYTES, parseManifest } from './parse.ts';
import { HEAD_KEY, MANIFESTS, manifestKey } from './places.ts';
import { sendBytes } from './send.ts';
import type { PublicKeys, Signer } from './sign.ts';
import { verifySignature } from './sign.ts';
import { damagedBy, readManifest, readSmall } from './stored.ts';

/** The manifests as the database keeps them. */
export interface ManifestLedger {
  readHead(): Promise<Head | undefined>;
  /** Keeps the manifest and makes it the head, in one transaction. @returns false when the head is not `from` any more */
  advance(signed: SignedManifest, from: Head | undefined): Promise<boolean>;
}

export interface ChainNeeds {
  readonly signer: Signer;
  /** Of this database, those that sign no more too. */
  readonly publicKeys: PublicKeys;
  readonly database: Manifest['database'];
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
 * - A store that does not hold the head's manifest is refused: it is another store, or its end was cut off.
 * @throws OrdersyncError `precondition`, reason `other_store` or `other_database`
 */
export async function adoptStored(
  needs: ChainNeeds,
  { ledger, store }: { readonly ledger: ManifestLedger; readonly store: ObjectStore },
): Promise<ChainEnd> {
  const adopted: SignedManifest[] = [];
  for (;;) {
    const head = await ledger.readHead();
    const newest = await readNewest(store, head);
    const key = manifestKey((head?.sequence ?? 0) + 1);
    const bytes = await readSmall(store, key, MANIFEST_BYTES);
    if (bytes === undefined) {
      await refreshHead(store, head, needs.tell);
      return { head, newest, adopted };
    }
    const next = judge(needs, store, head, { key, bytes });
    if ('debris' in next) {
      await putAside(store, key, bytes);
      needs.tell({ kind: 'warning', message: `${key} was put aside in ${ASIDE}: ${next.debris}` });
    } else if (await ledger.advance(next.signed, head)) {
      adopted.push(next.signed);
      needs.tell({ kind: 'note', message: `took over ${key}, which an interrupted run had stored` });
    }
  }
}

const ASIDE = `${MANIFESTS}aside/`;

/** A chain goes on only where its end is. */
async function readNewest(store: ObjectStore, head: Head | undefined): Promise<SignedManifest | undefined> {
  if (head === undefined) return undefined;
  const found = await readManifest(store, head.sequence).catch(damagedBy);
  if (found !== undefined && 'digest' in found && digestOf(found.manifest) === head.digest) return found;
  const key = manifestKey(head.sequence);
  const what = found === undefined ? 'does not hold' : 'holds another';
  throw new OrdersyncError('precondition', `${store.location} ${what} ${key}, the newest manifest of this database`, {
    hint: "name the store with this database's archive, or copy that archive there; ordersync archive verify tells more",
    facts: { reason: 'other_store', location: store.location, key, digest: head.digest },
  });
}

/** A run that was killed before it wrote head.json left an older one. */
async function refreshHead(store: ObjectStore, head: Head | undefined, tell: ChainNeeds['tell']): Promise<void> {
  const known = await readStoreHead(store).catch((error: unknown) => {
    if (!(error instanceof OrdersyncError) || error.details.facts?.['reason'] !== 'damaged_head') throw error;
    tell({ kind: 'warning', message: `${error.message}; it is written again` });
    return undefined;
  });
  const sequence = head?.sequence ?? 0;
  if (known !== undefined && known.sequence > sequence) {
    throw new OrdersyncError('precondition', `${store.location} has lost ${manifestKey(sequence + 1)}`, {
      body: [`${HEAD_KEY} knows of manifest ${known.sequence}; this database of ${sequence}`],
      hint: 'bring it back from another copy of the archive; a new one in its place would break the chain',
      facts: { reason: 'missing_manifests', location: store.location, known: known.sequence, head: sequence },
    });
  }
  if (head !== undefined && known?.digest !== head.digest) await publishHead(store, head);
}

/** What lies in the place of the next manifest. Throws for the manifest of somebody else. */
function judge(
  { publicKeys, database }: ChainNeeds,
  store: ObjectStore,
  head: Head | undefined,
  { key, bytes }: { readonly key: string; readonly bytes: Uint8Array },
): { readonly signed: SignedManifest } | { readonly debris: string } {
  const signed = parsed(bytes, key);
  if ('damaged' in signed) return { debris: signed.damaged };
  const { manifest } = signed;
  const fault = verifySignature(signed, publicKeys);
  const { systemIdentifier } = manifest.database;
  if (fault === 'unknown_key' || (fault === undefined && systemIdentifier !== database.systemIdentifier)) {
    throw otherDatabase(store, key, signed);
  }
  if (fault !== undefined) return { debris: `its signature does not hold (${fault})` };
  const follows = manifest.sequence === (head?.sequence ?? 0) + 1 && manifest.previous === (head?.digest ?? null);
  return follows ? { signed } : { debris: 'it does not follow the newest manifest of this database' };
}

function otherDatabase(
  { location }: ObjectStore,
  key: string,
  { manifest, signature }: SignedManifest,
): OrdersyncError {
  const { name, systemIdentifier } = manifest.database;
  // Anybody may have written them: quoted, and cut.
  const [database, system, signer] = [name, systemIdentifier, signature.key].map((text) =>
    JSON.stringify(text.slice(0, 64)),
  );
  return new OrdersyncError('precondition', `${location} holds the archive of another database`, {
    body: [`${key} is of the database ${database} of the system ${system}, signed with the key ${signer}`],
    hint: 'give each database, and each copy of one, a store or a prefix of its own',
    facts: { reason: 'other_database', location, key },
  });
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
