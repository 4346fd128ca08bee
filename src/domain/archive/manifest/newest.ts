import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Head } from './chain.ts';
import { readHeadFile } from './head.ts';
import { notAsKnown, readKnown } from './known.ts';
import type { Manifest, SignedManifest } from './manifest.ts';
import { manifestKey } from './places.ts';
import type { PublicKeys } from './sign.ts';
import { verifySignature } from './sign.ts';
import { readManifests } from './stored.ts';

/** What tells the manifests of this database from those of others. */
export interface Ownership {
  /** Of this database, those that sign no more too. */
  readonly publicKeys: PublicKeys;
  readonly database: Manifest['database'];
}

/**
 * The newest manifest of this database: a chain goes on only where its end is.
 * @throws OrdersyncError `unhealthy` when this is its archive, and the manifest is missing or not as it was signed;
 *   `precondition`, reason `other_store` or `other_database`, when the store holds nothing of it, or somebody else's
 */
export async function readNewest(
  ownership: Ownership,
  store: ObjectStore,
  head: Head | undefined,
): Promise<SignedManifest | undefined> {
  if (head === undefined) return undefined;
  const known = await readKnown(store, head, ownership.publicKeys);
  if ('signed' in known) return known.signed;
  const key = manifestKey(head.sequence);
  if (known.fault === 'replaced' && known.found !== undefined && isForeign(ownership, known.found))
    throw otherDatabase(store, key, known.found);
  if (known.fault === 'missing') await requireOurs(ownership, store, head);
  throw notAsKnown(store, { sequence: head.sequence }, known);
}

/** Signed for another database, as far as anybody can say: with a key that is not ours, or of another system. */
export function isForeign({ publicKeys, database }: Ownership, signed: SignedManifest): boolean {
  const fault = verifySignature(signed, publicKeys);
  const other = signed.manifest.database.systemIdentifier !== database.systemIdentifier;
  return fault === 'unknown_key' || (fault === undefined && other);
}

/** An empty place has lost nothing: it is another one. */
async function requireOurs(ownership: Ownership, store: ObjectStore, head: Head): Promise<void> {
  const storeHead = await readHeadFile(store, () => undefined);
  if (storeHead?.digest === head.digest) return;
  for await (const { place, content } of readManifests(store)) {
    if ('damaged' in content) continue;
    // Of another system it may be ours all the same: a database that moved.
    if (verifySignature(content, ownership.publicKeys) === 'unknown_key') throw otherDatabase(store, place, content);
    return;
  }
  const key = manifestKey(head.sequence);
  throw new OrdersyncError(
    'precondition',
    `${store.location} does not hold ${key}, the newest manifest of this database`,
    {
      body: ['it holds no manifest of this database at all: it is another store, or its archive was taken away'],
      hint: "name the store with this database's archive, or copy that archive there; ordersync archive head prints where it is",
      facts: { reason: 'other_store', location: store.location, key, digest: head.digest },
    },
  );
}

export function otherDatabase(
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
