import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Head, Link } from '../manifest/chain.ts';
import { verifyChain } from '../manifest/chain.ts';
import { readStoreHead } from '../manifest/head.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import { HEAD_KEY, manifestKey } from '../manifest/places.ts';
import { readManifests } from '../manifest/stored.ts';
import type { Finding } from './finding.ts';
import type { Trust } from './trust.ts';

export interface CheckedChain {
  /** Those without a fault, in order. */
  readonly genuine: readonly SignedManifest[];
  /** How many there are or should be. */
  readonly length: number;
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
  for await (const { sequence, place, content } of readManifests(store)) {
    signal.throwIfAborted();
    links.push({ sequence, place, found: content });
    yield { kind: 'progress', label: 'manifests', done: links.length, unit: 'files' };
  }
  const stored = await checkStoreHead(store, links.length);
  const verdict = verifyChain({
    links,
    publicKeys: trust.publicKeys,
    heads: [
      ...trust.known.map((head) => ({ ...head, source: trust.source })),
      ...(stored.head === undefined ? [] : [{ ...stored.head, source: HEAD_KEY }]),
    ],
    placeOf: manifestKey,
  });
  const faulty = new Set(verdict.findings.map(({ sequence }) => sequence));
  const genuine = links.flatMap(({ sequence, found }) => (faulty.has(sequence) || 'damaged' in found ? [] : [found]));
  return {
    genuine: genuine.sort((one, other) => one.manifest.sequence - other.manifest.sequence),
    length: Math.max(links.length, ...trust.known.map(({ sequence }) => sequence)),
    head: verdict.head,
    findings: [...verdict.findings, ...stored.findings, ...checkNoted(genuine, noted)],
  };
}

/**
 * Every manifest of a store, when nothing is wrong with any.
 * @throws OrdersyncError `unhealthy` naming what is
 */
export async function* provenChain(
  ctx: Pick<Context, 'signal'>,
  request: ChainToCheck,
): Work<readonly SignedManifest[]> {
  const { findings, genuine } = yield* checkChain(ctx, request);
  if (findings.length > 0) {
    throw new OrdersyncError('unhealthy', `the archive in ${request.store.location} is not what it should be`, {
      body: findings.map(({ place, message }) => `${place}: ${message}`),
      hint: 'ordersync archive verify looks at all of it; nothing was read from its files',
      facts: { findings: findings.map(({ fault, place, sequence }) => ({ fault, place, manifest: sequence })) },
    });
  }
  if (genuine.length > 0) return genuine;
  throw new OrdersyncError('precondition', `there is no archive in ${request.store.location}`, {
    hint: 'name another store with --from; ordersync archive run makes an archive',
  });
}

/** Only a chain that has begun can lack its head. */
async function checkStoreHead(
  store: ObjectStore,
  manifests: number,
): Promise<{ readonly head: Head | undefined; readonly findings: readonly Finding[] }> {
  const wrong = (fault: 'damaged_head' | 'missing_head', message: string) => ({
    head: undefined,
    findings: [{ fault, sequence: undefined, place: HEAD_KEY, message }],
  });
  try {
    const head = await readStoreHead(store);
    if (head !== undefined || manifests === 0) return { head, findings: [] };
    return wrong('missing_head', 'it is missing; without it manifests missing at the end may go unseen');
  } catch (error) {
    const damaged = error instanceof OrdersyncError && error.details.facts?.['reason'] === 'damaged_head';
    if (!damaged) throw error;
    return wrong('damaged_head', error.message);
  }
}

function checkNoted(genuine: readonly SignedManifest[], noted: string | undefined): Finding[] {
  if (noted === undefined || genuine.some(({ digest }) => digest === noted)) return [];
  const message = `the digest that was written down, ${noted}, is of no manifest here: its end is missing or replaced`;
  return [{ fault: 'unknown_head', sequence: undefined, place: HEAD_KEY, message }];
}
