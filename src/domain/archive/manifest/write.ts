import type { Clock } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { ChainNeeds, ManifestLedger } from './adopt.ts';
import { adoptStored } from './adopt.ts';
import { canonicalJson } from './canonical.ts';
import type { Head } from './chain.ts';
import { publishHead } from './head.ts';
import type { Manifest, SignedManifest } from './manifest.ts';
import { manifestBytes } from './parse.ts';
import { manifestKey } from './places.ts';
import { sendBytes } from './send.ts';
import { signManifest } from './sign.ts';

/** What the caller says about an archive; its place in the chain is given to it here. */
export type ManifestDraft = Omit<Manifest, 'format' | 'sequence' | 'previous' | 'createdAt'>;

export interface AppendNeeds extends ChainNeeds {
  readonly clock: Pick<Clock, 'now'>;
  /** A place where a test may kill this process. */
  readonly reach: (point: string) => void;
}

export interface AppendRequest {
  readonly ledger: ManifestLedger;
  readonly store: ObjectStore;
  readonly draft: ManifestDraft;
}

/**
 * Gives an archive its place at the end of the chain: signed, stored under a name that nothing replaces, read back, and
 * only then known to the database, by a compare-and-set of the head. A process killed in between leaves a manifest in the
 * store that the next run takes over, so that no number is ever given twice. The caller holds the archive's lock.
 * @returns the manifest; one that an earlier, killed run wrote about the very same archive, when there is one
 */
export async function appendManifest(needs: AppendNeeds, request: AppendRequest): Promise<SignedManifest> {
  const { ledger, store, draft } = request;
  for (;;) {
    const { head, newest, adopted } = await adoptStored(needs, request);
    const before = [...adopted, ...(newest === undefined ? [] : [newest])];
    const same = before.find(({ manifest }) => saysTheSame(manifest, draft));
    if (same !== undefined) return same;
    const signed = await putNext(needs, request, head);
    if (signed === undefined || !(await advance(needs, ledger, signed, head))) continue;
    await publishHead(store, { sequence: signed.manifest.sequence, digest: signed.digest });
    return signed;
  }
}

/** @returns undefined when another process was faster: what it wrote is looked at then */
async function putNext(
  needs: AppendNeeds,
  { store, draft }: AppendRequest,
  head: Head | undefined,
): Promise<SignedManifest | undefined> {
  const signed = signManifest(needs.signer, {
    ...draft,
    format: 'ordersync-archive/1',
    sequence: (head?.sequence ?? 0) + 1,
    previous: head?.digest ?? null,
    createdAt: needs.clock.now().toISOString(),
  });
  const key = manifestKey(signed.manifest.sequence);
  needs.reach('archive-before-manifest');
  const sent = await sendBytes(store, key, manifestBytes(signed), { ifAbsent: true }).catch((error: unknown) => {
    if (storeFaultOf(error) === 'already_exists') return undefined;
    throw error;
  });
  if (sent === undefined) return undefined;
  if (await readBackEquals(store, sent)) return signed;
  throw new OrdersyncError('unhealthy', `${store.location} does not give back the manifest that was sent`, {
    hint: 'nothing depends on it yet; check what answers as the store, then run again',
    facts: { reason: 'lying_store', location: store.location, key },
  });
}

async function advance(
  needs: AppendNeeds,
  ledger: ManifestLedger,
  signed: SignedManifest,
  head: Head | undefined,
): Promise<boolean> {
  needs.reach('archive-between-store-and-database');
  const advanced = await ledger.advance(signed, head);
  if (advanced) needs.reach('archive-after-manifest');
  return advanced;
}

/** The same archive, whoever wrote it and when. */
function saysTheSame(manifest: Manifest, draft: ManifestDraft): boolean {
  const about = ({ kind, table, month, lower, upper, sources, supersedes }: ManifestDraft): string =>
    canonicalJson({ kind, table, month, lower, upper, sources, supersedes: supersedes ?? null });
  return about(manifest) === about(draft);
}
