import { randomInt } from 'node:crypto';
import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore, StoredObject } from '../../../store/store.ts';
import type { Head } from '../manifest/chain.ts';
import type { ArchivedSource, SignedManifest } from '../manifest/manifest.ts';
import { manifestKey } from '../manifest/places.ts';
import { contradictionsBetween } from '../manifest/superseding.ts';
import { paced } from '../paced.ts';
import type { StoppedWork } from '../stopped.ts';
import { orStopped } from '../stopped.ts';
import type { ChainToCheck, ProvenManifest } from './chain.ts';
import { checkChain, noArchive, readProven } from './chain.ts';
import type { ManifestSample, SampleRequest } from './decrypt-sample.ts';
import { sampleOf } from './decrypt-sample.ts';
import { checkBytes, checkContent, checkPresence, checkRows } from './files.ts';
import type { Finding } from './finding.ts';
import { successorsOf } from './superseding.ts';
import { unnamedObjects } from './unnamed.ts';

export interface VerifyRequest extends ChainToCheck {
  /** None: all. */
  readonly tables: readonly string[];
  /** None: all. */
  readonly months: readonly string[];
  /** Read the bytes of only so many files, chosen at random; undefined: of all. */
  readonly sample: number | undefined;
  /** Decrypt some rows of each manifest whose files count. */
  readonly decrypt?: SampleRequest | undefined;
}

export interface CheckedManifest {
  readonly manifest: ProvenManifest;
  readonly rows: number;
  readonly files: number;
  /** Whose bytes were read; the others were looked at for presence and size. */
  readonly filesRead: number;
  readonly bytes: number;
  /** Of a sample, decrypted. */
  readonly decrypted: number;
  /** The manifest whose files hold these rows now, under other keys: these may be gone. */
  readonly supersededBy: number | undefined;
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
  const { proven, findings, head, empty } = yield* orStopped(checkChain(ctx, request), () => NOTHING_SEEN);
  if (empty) throw noArchive(store);
  const chosen = proven.filter((manifest) => isChosen(request, manifest));
  if (chosen.length === 0 && findings.length === 0) throw nothingChosen(request);
  const successors = successorsOf(proven);
  const reading = chooseFiles(
    chosen.filter(({ sequence }) => !successors.has(sequence)),
    request.sample,
  );
  const manifests: CheckedManifest[] = [];
  const look = lookAtFiles(ctx, request, { chosen, proven, successors, reading, manifests });
  const stopped = (): StoppedWork => stoppedLook(chosen.length, manifests, findings);
  yield* orStopped(look, stopped);
  const unnamed = isWhole(request) ? yield* orStopped(unnamedObjects(ctx, store, proven, findings), stopped) : [];
  return { manifests, findings, unnamed, head };
}

interface Look {
  readonly chosen: readonly ProvenManifest[];
  readonly proven: readonly ProvenManifest[];
  readonly successors: ReadonlyMap<number, number>;
  /** Undefined: all files. */
  readonly reading: ReadonlySet<string> | undefined;
  /** More of them as they are looked at. */
  readonly manifests: CheckedManifest[];
}

async function* lookAtFiles(
  ctx: Needs,
  request: VerifyRequest,
  { chosen, proven, successors, reading, manifests }: Look,
): Work<void> {
  const { store } = request;
  for (const [index, manifest] of chosen.entries()) {
    ctx.signal.throwIfAborted();
    const signed = await readProven(store, manifest);
    const before = await readSuperseded(store, manifest, proven);
    const supersededBy = successors.get(manifest.sequence);
    const sample =
      request.decrypt === undefined || supersededBy !== undefined
        ? undefined
        : await sampleOf(signed.manifest, request.decrypt);
    const label = `manifest ${manifest.sequence} (${index + 1} of ${chosen.length})`;
    const total = sumBytes(signed, reading);
    const detail = `${manifest.table} ${manifest.month}`;
    const checked = yield* paced(
      ctx,
      async (advance) => checkManifest({ ...ctx, store, advance }, { signed, before, supersededBy, reading, sample }),
      (done) => ({ kind: 'progress', label, done, total, unit: 'bytes', detail }),
    );
    manifests.push({ manifest, supersededBy, ...checked });
  }
}

const NOTHING_SEEN: StoppedWork = {
  said: 'the chain was not read to its end, and no file was looked at',
  kept: false,
  hint: 'the same command begins anew',
};

/** What was found by then is told all the same. */
function stoppedLook(chosen: number, manifests: readonly CheckedManifest[], ofChain: readonly Finding[]): StoppedWork {
  const findings = [...ofChain, ...manifests.flatMap((manifest) => manifest.findings)];
  const wrong = findings.length === 0 ? 'nothing is wrong with these' : 'the archive is not as it was signed';
  return {
    said: `the files of ${manifests.length} of ${chosen} manifests were looked at, and ${wrong}`,
    kept: false,
    body: findings.map(({ place, message }) => `${place}: ${message}`),
    hint: 'nobody has looked at the others: the same command begins anew; --table, --month and --sample read less',
  };
}

interface ManifestToCheck {
  readonly signed: SignedManifest;
  /** The one that it stands for, if it is a rewrap and that one is genuine. */
  readonly before: SignedManifest | undefined;
  readonly supersededBy: number | undefined;
  /** Undefined: all files. */
  readonly reading: ReadonlySet<string> | undefined;
  readonly sample: ManifestSample | undefined;
}

async function checkManifest(
  needs: Parameters<typeof checkContent>[0],
  wanted: ManifestToCheck,
): Promise<Omit<CheckedManifest, 'manifest' | 'supersededBy'>> {
  const { signed, before, sample } = wanted;
  const { sequence, sources } = signed.manifest;
  const findings: Finding[] = (before === undefined ? [] : contradictionsBetween(signed, before)).map((message) => ({
    fault: 'wrong_successor',
    sequence,
    place: manifestKey(sequence),
    message,
  }));
  const read = new Set<string>();
  for (const [index, source] of sources.entries()) {
    findings.push(...(await checkSource(needs, wanted, { source, index, read })));
  }
  const decrypted = sample?.verdict();
  const files = filesOf(signed);
  return {
    rows: sources.reduce((sum, { rows }) => sum + rows, 0),
    files: files.length,
    filesRead: files.filter(({ key }) => read.has(key)).length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    decrypted: decrypted?.values ?? 0,
    findings: [...findings, ...(decrypted?.findings ?? [])],
  };
}

async function checkSource(
  needs: Parameters<typeof checkContent>[0],
  { signed: { manifest }, supersededBy, reading, sample }: ManifestToCheck,
  { source, index, read }: { readonly source: ArchivedSource; readonly index: number; readonly read: Set<string> },
): Promise<Finding[]> {
  const { sequence, supersedes } = manifest;
  const absent = await checkPresence(needs, { sequence, source });
  const gone = new Set(absent.filter(({ fault }) => fault === 'missing_file').map(({ place }) => place));
  // The rows of a superseded manifest are in the files of another one, which is looked at too.
  const findings = absent.filter(({ fault }) => supersededBy === undefined || fault !== 'missing_file');
  const whole = { sequence, source, unchanged: supersedes?.sources[index]?.unchanged, each: sample?.watch(source) };
  if (reading === undefined && absent.length === 0) {
    for (const { key } of source.files) read.add(key);
    return checkContent(needs, whole);
  }
  // The rows of a source with a hole in it make up no root; the files that are left can still be held to their digests.
  for (const file of source.files) {
    const wanted = reading?.has(file.key) ?? true;
    if (!wanted || gone.has(file.key) || findings.some(({ place }) => place === file.key)) continue;
    read.add(file.key);
    const checked = whole.each === undefined ? checkBytes(needs, sequence, file) : checkRows(needs, whole, file);
    findings.push(...(await checked));
  }
  return findings;
}

async function readSuperseded(
  store: ObjectStore,
  { supersedes }: ProvenManifest,
  proven: readonly ProvenManifest[],
): Promise<SignedManifest | undefined> {
  const before = proven.find(({ sequence }) => sequence === supersedes?.sequence);
  return before && (await readProven(store, before));
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
