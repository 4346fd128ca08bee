import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ActiveKey } from '../../encryption/database-keys.ts';
import type { KeyType } from '../../encryption/registry.ts';
import { changeKeys } from '../../keys/transaction.ts';
import { pairsOf } from '../content/pairs.ts';
import type { ArchivedSource, SignedManifest, SupersededSource } from '../manifest/manifest.ts';
import { contradictionsBetween, roleOf } from '../manifest/superseding.ts';
import { removeBrokenOff } from '../removal.ts';
import { append, readProven } from '../run/seal.ts';
import type { RewrapEncryptions, RewrapEntry, Written } from './journal-queries.ts';
import { beginRewrap, readRewrap, setSigned, setUnwritten, setWritten } from './journal-queries.ts';
import type { RewrapRun } from './needs.ts';
import { reach } from './needs.ts';
import type { PlannedRewrap } from './plan.ts';
import { proveFiles } from './prove.ts';
import { readMissingKids } from './queries.ts';
import type { Renewal } from './renew-rows.ts';
import { concerns, newRewrapId, rewriteSource } from './rewrite.ts';

/**
 * Brings one manifest as far as a signed one that stands for it. Its journal says where that is, and every step can be done
 * again after it was broken off anywhere. @returns the number of the new manifest
 */
export async function* rewrapManifest(run: RewrapRun, planned: PlannedRewrap): Work<number> {
  const { ctx, session } = run;
  const old = await readProven(run, planned);
  for (;;) {
    ctx.signal.throwIfAborted();
    const entry = await readRewrap(session.sql, planned.sequence);
    if (entry?.sequence != null) return entry.sequence;
    if (entry?.state === 'written' && entry.written !== null)
      yield* seal(run, old, { written: entry.written, kids: entry.kids });
    else yield* write(run, old, { planned, entry });
  }
}

/** planned → written: new files of every source that has such values; the others keep theirs. */
async function* write(
  run: RewrapRun,
  old: SignedManifest,
  { planned, entry }: { readonly planned: PlannedRewrap; readonly entry: RewrapEntry | undefined },
): Work<void> {
  const { session } = run;
  const { sequence, kids } = planned;
  if (entry !== undefined) yield* clearAttempt(run, old, entry);
  const to = await activeKeys(run, old, kids);
  const renewal: Renewal = { kids: new Set(kids), keys: await run.keys.keysFor(kids), to, batch: run.batch };
  const rewrapId = newRewrapId();
  const encryptions = old.manifest.sources.flatMap((source) => encryptionsOf(source, renewal));
  await begin(run, { supersedes: sequence, rewrapId, kids: [...to.values()].map(({ key }) => key.kid), encryptions });
  reach(run, 'rewrap-planned');
  const sources: ArchivedSource[] = [];
  const superseded: SupersededSource[] = [];
  for (const source of old.manifest.sources) {
    if (!concerns(renewal, source)) {
      sources.push(source);
      superseded.push({ table: source.table, root: source.root, unchanged: null });
      continue;
    }
    const rewritten = yield* rewriteSource(run, { source, renewal, rewrapId });
    sources.push(rewritten.source);
    superseded.push(rewritten.superseded);
  }
  await setWritten(session.sql, sequence, { sources, superseded });
  reach(run, 'rewrap-written');
}

/** The keys that values go to, of every type that the sources have such values of. */
async function activeKeys(
  { keys }: RewrapRun,
  { manifest }: SignedManifest,
  kids: readonly string[],
): Promise<ReadonlyMap<KeyType, ActiveKey>> {
  const concerned = manifest.sources.filter((source) => concerns({ kids: new Set(kids) }, source));
  const types = concerned.flatMap((source) => pairsOf(source)?.pairs.map(({ pair }) => pair.keyType) ?? []);
  const active = new Map<KeyType, ActiveKey>();
  for (const type of new Set(types)) active.set(type, await keys.activeKey(type));
  return active;
}

/** A column has as many values as rows, and as many as are renewed in all of them, at most. */
function encryptionsOf(source: ArchivedSource, { kids, to }: Renewal): readonly RewrapEncryptions[] {
  const renewed = Object.entries(source.keyIds).reduce((sum, [kid, values]) => sum + (kids.has(kid) ? values : 0), 0);
  const mostValues = Math.min(source.rows, renewed);
  if (mostValues === 0) return [];
  const types = new Set(pairsOf(source)?.pairs.map(({ pair }) => pair.keyType));
  return [...types].flatMap((type) => {
    const active = to.get(type);
    return active === undefined ? [] : [{ kid: active.key.kid, table: source.table, mostValues }];
  });
}

/** From here on nobody can destroy the keys that the new files are written under. */
async function begin({ session }: RewrapRun, request: Parameters<typeof beginRewrap>[1]): Promise<void> {
  await changeKeys(session, async () => {
    const missing = await readMissingKids(session.sql, request.kids);
    if (missing.length > 0) {
      throw new OrdersyncError('precondition', `the key ${missing.join(', ')} was destroyed a moment ago`, {
        hint: 'nothing was written; run the command again',
      });
    }
    await beginRewrap(session.sql, request);
  });
}

/** Files of a rewrap that never got a manifest. */
async function* clearAttempt(run: RewrapRun, { manifest }: SignedManifest, { rewrapId }: RewrapEntry): Work<void> {
  const folders = manifest.sources.flatMap(({ files }) =>
    files.map(({ key }) => key.slice(0, key.lastIndexOf('/') + 1)),
  );
  const what = `a rewrap of ${manifest.table} ${manifest.month}`;
  run.kept.push(...(yield* removeBrokenOff(run, { what, id: rewrapId, folders })));
}

/** written → signed: all new files read back and compared, then a manifest that stands for the old one. */
async function* seal(
  run: RewrapRun,
  old: SignedManifest,
  { written: { sources, superseded }, kids }: { readonly written: Written; readonly kids: readonly string[] },
): Work<void> {
  const { session } = run;
  const { sequence, table, month } = old.manifest;
  const supersedes = { sequence, digest: old.digest, kind: roleOf(old.manifest), sources: superseded };
  try {
    yield* proveFiles(run, { files: { table, month, sources, supersedes }, all: false, kids });
  } catch (error) {
    if (error instanceof OrdersyncError && error.code === 'unhealthy')
      await setUnwritten(session.sql, sequence, error.message);
    throw error;
  }
  requireSame(old, { sources, supersedes });
  reach(run, 'rewrap-read-back');
  const successor = yield* append(run, { table, month, kind: 'rewrap', sources, supersedes });
  // The ledger has done so with the manifest, but where an interrupted run had stored the very same one.
  await setSigned(session.sql, sequence, successor);
  reach(run, 'rewrap-signed');
}

/** What will be signed must not say anything of the old manifest that is not so. */
function requireSame(
  old: SignedManifest,
  claims: Pick<SignedManifest['manifest'], 'sources'> & Required<Pick<SignedManifest['manifest'], 'supersedes'>>,
): void {
  const manifest = { ...old.manifest, ...claims, kind: 'rewrap' as const };
  const contradictions = contradictionsBetween({ ...old, manifest }, old);
  if (contradictions.length === 0) return;
  throw new TypeError(`a rewrap that is none: ${contradictions.join('; ')}`);
}
