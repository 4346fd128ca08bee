import type { Manifest, SignedManifest } from './manifest.ts';
import { manifestKey } from './places.ts';
import type { PublicKeys, SignatureFault } from './sign.ts';
import { verifySignature } from './sign.ts';

/** Which manifest is the newest: what a chain by itself cannot say. */
export interface Head {
  readonly sequence: number;
  readonly digest: string;
}

export type ChainFault =
  | SignatureFault
  | 'missing' // there is no manifest of this number
  | 'damaged' // no manifest at all
  | 'reordered' // the manifest of another number
  | 'replaced' // genuine, and yet not the one its successor, or the head, was written after
  | 'other_database'
  | 'wrong_successor'; // a rewrap of something that it cannot stand for

interface Fault {
  readonly fault: ChainFault;
  readonly message: string;
}

/** What the chain needs to know of one manifest: little, so that thousands of them fit into memory. */
export interface Link {
  /** What its place says, whatever lies there. */
  readonly sequence: number;
  readonly place: string;
  readonly found: Fault | (Pick<SignedManifest, 'digest'> & Pick<Manifest, 'previous' | 'database'>);
}

export interface ChainFinding extends Fault {
  readonly sequence: number;
  readonly place: string;
}

export interface ChainRequest {
  /** In any order; each number at most once. */
  readonly links: readonly Link[];
  /** Kept apart from the manifests: without one, manifests missing at the end cannot be seen. */
  readonly heads: readonly (Head & { readonly source: string })[];
}

export interface ChainVerdict {
  /** In the order of their numbers; one for each manifest that something is wrong with, or for a gap. */
  readonly findings: readonly ChainFinding[];
  /** The newest genuine manifest; undefined without any. */
  readonly head: Head | undefined;
}

/** Looks at what lies in one place of the chain: a manifest, or bytes that are none, and why. */
export function examineLink(
  { sequence, place }: Pick<Link, 'sequence' | 'place'>,
  content: SignedManifest | { readonly damaged: string },
  publicKeys: PublicKeys,
): Link {
  if ('damaged' in content) return { sequence, place, found: { fault: 'damaged', message: content.damaged } };
  const fault = verifySignature(content, publicKeys);
  if (fault !== undefined) return { sequence, place, found: { fault, message: SIGNATURE_FAULTS[fault](content) } };
  const { digest, manifest } = content;
  const { previous, database } = manifest;
  if (manifest.sequence === sequence) return { sequence, place, found: { digest, previous, database } };
  const message = `it is manifest ${manifest.sequence}, put in the place of ${sequence}`;
  return { sequence, place, found: { fault: 'reordered', message } };
}

export const SIGNATURE_FAULTS: Readonly<Record<SignatureFault, (signed: SignedManifest) => string>> = {
  altered: () => 'its content was altered after its digest was taken',
  unknown_key: ({ signature }) => `it is signed with the key ${shown(signature.key)}, which is not trusted here`,
  forged: ({ signature }) => `its signature was not made with the key ${shown(signature.key)}`,
};

/**
 * Whether these manifests are one chain, whole and genuine: numbers from 1 without gaps, each signed by a trusted key, of
 * one database, and each the one that the next was written after. Names the exact manifest, and what is wrong with it.
 * A database that was moved to another cluster (pg_upgrade, dump and restore) goes on under another system identifier;
 * two that take turns are two databases.
 */
export function verifyChain(request: ChainRequest): ChainVerdict {
  const { heads } = request;
  const links = [...request.links].sort((one, two) => one.sequence - two.sequence);
  const genuine = new Map(links.flatMap(genuineOf));
  const spans = spansOf(genuine);
  const findings: ChainFinding[] = [];
  let expected = 1;
  for (const { sequence, place, found } of links) {
    if (sequence > expected) findings.push(missing(expected, sequence - 1, 'later ones are there'));
    const fault = 'fault' in found ? found : (foreign(sequence, found, spans) ?? replaced(sequence, genuine, heads));
    if (fault !== undefined) findings.push({ sequence, place, ...fault });
    expected = sequence + 1;
  }
  const known = heads.filter(({ sequence }) => sequence >= expected);
  const last = known.reduce((most, { sequence }) => Math.max(most, sequence), 0);
  if (known.length > 0) findings.push(missing(expected, last, `known to ${listed(known)}`));
  const newest = [...genuine.keys()].reduce((most, sequence) => Math.max(most, sequence), 0);
  const digest = genuine.get(newest)?.digest;
  return { findings, head: digest === undefined ? undefined : { sequence: newest, digest } };
}

type Genuine = Exclude<Link['found'], Fault>;

function genuineOf({ sequence, found }: Link): [number, Genuine][] {
  return 'fault' in found ? [] : [[sequence, found]];
}

/** From the first to the last manifest of each system. */
function spansOf(genuine: ReadonlyMap<number, Genuine>): ReadonlyMap<string, readonly [number, number]> {
  const spans = new Map<string, readonly [number, number]>();
  for (const sequence of [...genuine.keys()].sort((one, two) => one - two)) {
    const system = genuine.get(sequence)?.database.systemIdentifier ?? '';
    spans.set(system, [spans.get(system)?.[0] ?? sequence, sequence]);
  }
  return spans;
}

/** One finding for a whole gap: head.json may name any number. */
function missing(first: number, last: number, why: string): ChainFinding {
  const what = first === last ? `manifest ${first} is missing` : `the manifests ${first} to ${last} are missing`;
  return { sequence: first, place: manifestKey(first), fault: 'missing', message: `${what}, and ${why}` };
}

function listed(heads: ChainRequest['heads']): string {
  return [...new Set(heads.map(({ source }) => source))].join(' and ');
}

function foreign(sequence: number, { database }: Genuine, spans: ReturnType<typeof spansOf>): Fault | undefined {
  const { name, systemIdentifier } = database;
  const others = [...spans].filter(([system]) => system !== systemIdentifier);
  if (!others.some(([, [first, last]]) => first < sequence && sequence < last)) return undefined;
  const whose = `${shown(name)} of the system ${shown(systemIdentifier)}`;
  return { fault: 'other_database', message: `it is of another database than those around it: ${whose}` };
}

/**
 * The next manifest says which one it was written after, and a head which one is the newest. A next one that is not genuine
 * says nothing, so that a fault is told of the manifest that has it.
 */
function replaced(
  sequence: number,
  genuine: ReadonlyMap<number, Genuine>,
  heads: ChainRequest['heads'],
): Fault | undefined {
  const digest = genuine.get(sequence)?.digest;
  const head = heads.find((candidate) => candidate.sequence === sequence && candidate.digest !== digest);
  if (head !== undefined) {
    return { fault: 'replaced', message: `it is not the manifest that ${head.source} knows as number ${sequence}` };
  }
  const next = genuine.get(sequence + 1);
  if (next !== undefined && next.previous !== digest) {
    return { fault: 'replaced', message: `it is not the manifest that number ${sequence + 1} was written after` };
  }
  if (sequence > 1 || genuine.get(1)?.previous === null) return undefined;
  return { fault: 'replaced', message: 'it is number 1, and says that another was before it' };
}

/** Text of a manifest that anybody may have written. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
