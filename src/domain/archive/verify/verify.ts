import { randomInt } from 'node:crypto';
import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore, StoredObject } from '../../../store/store.ts';
import type { Head } from '../manifest/chain.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import { paced } from '../paced.ts';
import type { ChainToCheck, ProvenManifest } from './chain.ts';
import { checkChain, noArchive, readProven } from './chain.ts';
import { checkBytes, checkContent, checkPresence } from './files.ts';
import type { Finding } from './finding.ts';
import { unnamedObjects } from './unnamed.ts';

export interface VerifyRequest extends ChainToCheck {
  /** None: all. */
  readonly tables: readonly string[];
  /** None: all. */
  readonly months: readonly string[];
  /** Read the bytes of only so many files, chosen at random; undefined: of all. */
  readonly sample: number | undefined;
}

export interface CheckedManifest {
  readonly manifest: ProvenManifest;
  readonly rows: number;
  readonly files: number;
  /** Whose bytes were read; the others were looked at for presence and size. */
  readonly filesRead: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

export interface Verified {
  readonly manifests: readonly CheckedManifest[];
  /** Of the chain and its heads. */
  readonly findings: readonly Finding[];
  /** What lies in the store and is named by no manifest. */
  readonly unnamed: readonly StoredObject[];
  readonly head: Head | undefined;
}

type Needs = Pick<Context, 'signal' | 'clock'>;

/**
 * Looks at a whole archive again: the chain of its manifests, then every byte of every file that the chosen ones name.
 * @throws OrdersyncError `precondition` for an empty store, `usage` for a table or month that is not in it
 */
export async function* verifyArchive(ctx: Needs, request: VerifyRequest): Work<Verified> {
  const { store } = request;
  const { proven, findings, head, empty } = yield* checkChain(ctx, request);
  if (empty) throw noArchive(store);
  const chosen = proven.filter((manifest) => isChosen(request, manifest));
  if (chosen.length === 0 && findings.length === 0) throw nothingChosen(request);
  const reading = chooseFiles(chosen, request.sample);
  const manifests: CheckedManifest[] = [];
  for (const [index, manifest] of chosen.entries()) {
    ctx.signal.throwIfAborted();
    const signed = await readProven(store, manifest);
    const label = `manifest ${manifest.sequence} (${index + 1} of ${chosen.length})`;
    const total = sumBytes(signed, reading);
    const detail = `${manifest.table} ${manifest.month}`;
    const checked = yield* paced(
      ctx,
      async (advance) => checkManifest({ ...ctx, store, advance }, signed, reading),
      (done) => ({ kind: 'progress', label, done, total, unit: 'bytes', detail }),
    );
    manifests.push({ manifest, ...checked });
  }
  const unnamed = isWhole(request) ? yield* unnamedObjects(ctx, store, proven, findings) : [];
  return { manifests, findings, unnamed, head };
}

async function checkManifest(
  needs: Parameters<typeof checkContent>[0] & { readonly store: ObjectStore },
  signed: SignedManifest,
  reading: ReadonlySet<string> | undefined,
): Promise<Omit<CheckedManifest, 'manifest'>> {
  const { sequence, sources } = signed.manifest;
  const findings: Finding[] = [];
  for (const source of sources) {
    const absent = await checkPresence(needs, { sequence, source });
    findings.push(...absent);
    const there = source.files.filter(({ key }) => !absent.some(({ place }) => place === key));
    if (reading === undefined && absent.length === 0) {
      findings.push(...(await checkContent(needs, { sequence, source })));
      continue;
    }
    // The rows of a source with a hole in it make up no root; the files that are left can still be held to their digests.
    for (const file of there) {
      if (reading?.has(file.key) ?? true) findings.push(...(await checkBytes(needs, sequence, file)));
    }
  }
  const files = filesOf(signed);
  return {
    rows: sources.reduce((sum, { rows }) => sum + rows, 0),
    files: files.length,
    filesRead: files.filter(({ key }) => reading?.has(key) ?? true).length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    findings,
  };
}

/** Undefined for all. */
function chooseFiles(chosen: readonly ProvenManifest[], sample: number | undefined): ReadonlySet<string> | undefined {
  if (sample === undefined) return undefined;
  const left = chosen.flatMap(({ files }) => files);
  const keys = new Set<string>();
  while (keys.size < sample && left.length > 0) keys.add(left.splice(randomInt(left.length), 1)[0] ?? '');
  return keys;
}

function filesOf({ manifest }: SignedManifest) {
  return manifest.sources.flatMap(({ files }) => files);
}

function sumBytes(signed: SignedManifest, reading: ReadonlySet<string> | undefined): number {
  return filesOf(signed).reduce((sum, { key, bytes }) => sum + (reading?.has(key) === false ? 0 : bytes), 0);
}

function isChosen({ tables, months }: VerifyRequest, { table, month }: ProvenManifest): boolean {
  return (tables.length === 0 || tables.includes(table)) && (months.length === 0 || months.includes(month));
}

function isWhole({ tables, months }: VerifyRequest): boolean {
  return tables.length === 0 && months.length === 0;
}

function nothingChosen({ tables, months }: VerifyRequest): OrdersyncError {
  const what = [...tables, ...months].join(' ');
  return new OrdersyncError('usage', `the archive has nothing of ${what}`, {
    hint: 'see what it has with ordersync archive list',
  });
}
