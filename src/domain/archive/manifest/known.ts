import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { digestOf } from './canonical.ts';
import type { ChainFault, Head } from './chain.ts';
import { SIGNATURE_FAULTS } from './chain.ts';
import type { SignedManifest } from './manifest.ts';
import { manifestKey } from './places.ts';
import type { PublicKeys } from './sign.ts';
import { verifySignature } from './sign.ts';
import { damagedBy, readManifest } from './stored.ts';

/** A manifest as it should be, or what is wrong with what lies in its place. */
export type KnownManifest = { readonly signed: SignedManifest } | ManifestFault;

export interface ManifestFault {
  readonly fault: ChainFault;
  readonly message: string;
  /** What lies there, when it is a manifest at all. */
  readonly found?: SignedManifest;
}

/** Reads a manifest that the database knows by its digest, as the store has it. */
export async function readKnown(
  store: Pick<ObjectStore, 'read'>,
  { sequence, digest }: Head,
  publicKeys: PublicKeys,
): Promise<KnownManifest> {
  const found = await readManifest(store, sequence).catch(damagedBy);
  if (found === undefined) return { fault: 'missing', message: 'it is missing' };
  if ('damaged' in found) return { fault: 'damaged', message: `it is damaged: ${found.damaged}` };
  if (digestOf(found.manifest) !== digest && digestOf(found.manifest) === found.digest)
    return { fault: 'replaced', message: `it is not the one that the database knows as number ${sequence}`, found };
  const fault = verifySignature(found, publicKeys);
  return fault === undefined ? { signed: found } : { fault, message: SIGNATURE_FAULTS[fault](found), found };
}

/**
 * One error for it, whichever manifest it is and whoever needs it.
 * @param what "audit_logs 2025-01"
 */
export function notAsKnown(
  { location }: Pick<ObjectStore, 'location'>,
  { sequence, what }: { readonly sequence: number; readonly what?: string },
  { fault, message }: Omit<ManifestFault, 'found'>,
): OrdersyncError {
  const key = manifestKey(sequence);
  return new OrdersyncError('unhealthy', `${key}${what === undefined ? '' : ` (${what})`} in ${location}: ${message}`, {
    hint: 'bring it back from another copy of the archive, then run again: ordersync archive verify tells what else is wrong',
    facts: { reason: `manifest_${fault}`, location, key, sequence },
  });
}
