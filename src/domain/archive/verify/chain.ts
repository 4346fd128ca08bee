import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Head, Link } from '../manifest/chain.ts';
import { examineLink, verifyChain } from '../manifest/chain.ts';
import { readStoreHead } from '../manifest/head.ts';
import type { Manifest, SignedManifest, Superseded } from '../manifest/manifest.ts';
import { HEAD_KEY } from '../manifest/places.ts';
import { readManifest, readManifests } from '../manifest/stored.ts';
import type { Finding } from './finding.ts';
import { checkSuperseding } from './superseding.ts';
import type { Trust } from './trust.ts';

/** What is kept of a proven manifest, so that thousands of them fit into memory; the rest is read again when it is needed. */
export interface ProvenManifest extends Pick<Manifest, 'sequence' | 'table' | 'month' | 'kind'> {
  readonly digest: string;
  readonly signedWith: string;
  /** The manifest whose rows it holds under other keys. */
  readonly supersedes: Pick<Superseded, 'sequence' | 'digest'> | undefined;
  /** Keys of its files. */
  readonly files: readonly string[];
}

export interface CheckedChain {
  /** Those without a fault, in order. */
  readonly proven: readonly ProvenManifest[];
  /** There is none, and nothing that says that there should be. */
  readonly empty: boolean;
  readonly head: Head | undefined;
  readonly findings: readonly Finding[];
}

export interface ChainToCheck {
  readonly store: ObjectStore;
  readonly trust: Trust;
  /** Digest of a manifest that somebody wrote down: the chain has to contain it. */
  readonly noted?: string | undefined;
}

/** Reads every manifest of a store and holds them against each other, the keys, and what is known from elsewhere. */
export async function* checkChain(
  { signal }: Pick<Context, 'signal'>,
  { store, trust, noted }: ChainToCheck,
): Work<CheckedChain> {
  yield { kind: 'phase', message: `reading the manifests in ${store.location}` };
  const links: Link[] = [];
  const read: ProvenManifest[] = [];
  for await (const { sequence, place, content } of readManifests(store)) {
    signal.throwIfAborted();
    links.push(examineLink({ sequence, place }, content, trust.publicKeys));
    if (!('damaged' in content)) read.push(digestOfManifest(content));
    yield { kind: 'progress', label: 'manifests', done: links.length, unit: 'files' };
  }
  const stored = await checkStoreHead(store, links.length);
  const heads = [
    ...trust.known.map((head) => ({ ...head, source: trust.source })),
    ...(stored.head === undefined ? [] : [{ ...stored.head, source: HEAD_KEY }]),
  ];
  const verdict = verifyChain({ links, heads });
  const faulty = new Set(verdict.findings.map(({ place }) => place));
  const linked = links.flatMap(({ sequence, place, found }) =>
    faulty.has(place) || 'fault' in found ? [] : read.filter((manifest) => manifest.sequence === sequence),
  );
  const superseding = checkSuperseding(linked.sort((one, other) => one.sequence - other.sequence));
  const { proven } = superseding;
  return {
    proven,
    empty: links.length === 0 && heads.length === 0,
    head: verdict.head,
    findings: [...verdict.findings, ...superseding.findings, ...stored.findings, ...checkNoted(proven, noted)],
  };
}

/**
 * Every manifest of a store, when nothing is wrong with any.
 * @throws OrdersyncError `unhealthy` naming what is
 */
export async function* provenChain(
  ctx: Pick<Context, 'signal'>,
  request: ChainToCheck,
): Work<readonly ProvenManifest[]> {
  const { findings, proven, empty } = yield* checkChain(ctx, request);
  if (empty) throw noArchive(request.store);
  if (findings.length === 0) return proven;
  throw new OrdersyncError('unhealthy', `the archive in ${request.store.location} is not what it should be`, {
    body: findings.map(({ place, message }) => `${place}: ${message}`),
    hint: 'ordersync archive verify looks at all of it; nothing was read from its files',
    facts: { findings: findings.map(({ fault, place, sequence }) => ({ fault, place, manifest: sequence })) },
  });
}

/**
 * A proven manifest, whole.
 * @throws OrdersyncError `unhealthy` when it is not there any more as it was proven
 */
export async function readProven(store: ObjectStore, { sequence, digest }: ProvenManifest): Promise<SignedManifest> {
  const signed = await readManifest(store, sequence);
  if (signed?.digest === digest) return signed;
  throw new OrdersyncError('unhealthy', `manifest ${sequence} in ${store.location} was changed a moment ago`, {
    hint: 'somebody else writes to the store; ordersync archive verify looks at all of it',
  });
}

export function noArchive({ location }: ObjectStore): OrdersyncError {
  return new OrdersyncError('precondition', `there is no archive in ${location}`, {
    hint: 'name another store with --from; ordersync archive run makes an archive',
  });
}

function digestOfManifest({ manifest, digest, signature }: SignedManifest): ProvenManifest {
  const { sequence, table, month, kind, sources, supersedes } = manifest;
  const files = sources.flatMap((source) => source.files.map(({ key }) => key));
  const before = supersedes && { sequence: supersedes.sequence, digest: supersedes.digest };
  return { sequence, table, month, kind, digest, signedWith: signature.key, supersedes: before, files };
}

/** Only a chain that has begun can lack its head. */
async function checkStoreHead(
  store: ObjectStore,
  manifests: number,
): Promise<{ readonly head: Head | undefined; readonly findings: readonly Finding[] }> {
  try {
    const head = await readStoreHead(store);
    if (head !== undefined || manifests === 0) return { head, findings: [] };
    return wrongHead('missing_head', 'it is missing; without it manifests missing at the end may go unseen');
  } catch (error) {
    const damaged = error instanceof OrdersyncError && error.details.facts?.['reason'] === 'damaged_head';
    if (!damaged) throw error;
    return wrongHead('damaged_head', error.message);
  }
}

function wrongHead(fault: 'damaged_head' | 'missing_head', message: string) {
  return { head: undefined, findings: [{ fault, sequence: undefined, place: HEAD_KEY, message }] };
}

function checkNoted(proven: readonly ProvenManifest[], noted: string | undefined): Finding[] {
  if (noted === undefined || proven.some(({ digest }) => digest === noted)) return [];
  const message = `the digest that was written down, ${noted}, is of no manifest here: its end is missing or replaced`;
  return [{ fault: 'unknown_head', sequence: undefined, place: HEAD_KEY, message }];
}
