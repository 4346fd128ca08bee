import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { changeKeys } from '../../keys/transaction.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import { contradictionsBetween } from '../manifest/superseding.ts';
import type { KeptFile } from '../removal.ts';
import { removeFile } from '../removal.ts';
import { readProven } from '../run/seal.ts';
import { readRewrap, setRemoved, setRemoving } from './journal-queries.ts';
import type { RewrapRun } from './needs.ts';
import { reach } from './needs.ts';
import type { OldManifest } from './plan.ts';
import { proveFiles } from './prove.ts';
import { readMissingKids, readOldFiles } from './queries.ts';

export interface RemovedFiles {
  readonly files: number;
  readonly bytes: number;
  /** Of them those whose bytes the store keeps as older versions. */
  readonly hidden: number;
}

/**
 * Removes the files of a manifest for which another one stands: after every byte of the files that hold its rows now was
 * fetched and found to be what is signed, and only what no other manifest needs. Broken off anywhere, it is done again.
 * @throws OrdersyncError `unhealthy` when that does not hold; nothing was removed then. `precondition` naming the files that
 *   the store refused to remove, after all the others went
 */
export async function* removeOld(run: RewrapRun, { sequence, table, month }: OldManifest): Work<RemovedFiles> {
  const { ctx, session, store } = run;
  const holder = yield* proveSuccessors(run, { sequence, table, month });
  reach(run, 'rewrap-proven');
  const kids = holder.manifest.sources.flatMap(({ keyIds }) => Object.keys(keyIds));
  await changeKeys(session, async () => {
    // What nobody could read before does not keep the rest.
    const known = kids.filter((kid) => run.keys.findKid(kid)?.material?.wrapped != null);
    const missing = await readMissingKids(session.sql, known);
    if (missing.length > 0) throw keyGone(missing, table, month);
    await setRemoving(session.sql, sequence);
  });
  reach(run, 'rewrap-removing');
  const removed = { files: 0, bytes: 0, hidden: 0 };
  const kept: KeptFile[] = [];
  for (const file of await readOldFiles(session.sql, sequence)) {
    ctx.signal.throwIfAborted();
    const found = await removeFile(store, file.key);
    if (typeof found === 'object') kept.push(found);
    else if (found !== 'absent') {
      removed.files += 1;
      removed.bytes += file.bytes;
      removed.hidden += found === 'hidden' ? 1 : 0;
    }
    reach(run, 'rewrap-removed-file');
    yield { kind: 'progress', label: `${table} ${month}: old files removed`, done: removed.files, unit: 'files' };
  }
  if (kept.length > 0) throw refusedBy(store.location, `${table} ${month}`, { kept, removed: removed.files });
  await setRemoved(session.sql, sequence, removed);
  reach(run, 'rewrap-removed');
  return removed;
}

/**
 * Follows what stands for a manifest to the one whose files hold its rows now, each link compared with the one before it, and
 * proves those files. @returns that manifest
 */
async function* proveSuccessors(
  run: RewrapRun,
  { sequence, table, month }: Pick<OldManifest, 'sequence' | 'table' | 'month'>,
): Work<SignedManifest> {
  let holder = await readProven(run, { table, month, sequence });
  let kids: readonly string[] = [];
  for (;;) {
    const entry = await readRewrap(run.session.sql, holder.manifest.sequence);
    const next = entry?.sequence;
    if (next == null) break;
    kids = entry?.kids ?? [];
    const successor = await readProven(run, { table, month, sequence: next });
    const contradictions = contradictionsBetween(successor, holder);
    if (contradictions.length > 0) throw wrongSuccessor(next, contradictions);
    holder = successor;
  }
  const { supersedes } = holder.manifest;
  if (supersedes === undefined) throw new TypeError(`nothing stands for manifest ${sequence}`);
  yield* proveFiles(run, { files: { ...holder.manifest, supersedes }, all: true, kids });
  return holder;
}

function wrongSuccessor(sequence: number, body: readonly string[]): OrdersyncError {
  return new OrdersyncError('unhealthy', `manifest ${sequence} does not hold the rows of the one it stands for`, {
    body,
    hint: 'no old file was removed; ordersync archive verify looks at all of the archive',
  });
}

function keyGone(kids: readonly string[], table: string, month: string): OrdersyncError {
  return new OrdersyncError(
    'precondition',
    `a key of the new files of ${table} ${month} was destroyed: ${kids.join(', ')}`,
    {
      hint: 'no old file was removed',
    },
  );
}

function refusedBy(
  location: string,
  what: string,
  { kept, removed }: { readonly kept: readonly KeptFile[]; readonly removed: number },
): OrdersyncError {
  const all = kept.length + removed;
  return new OrdersyncError(
    'precondition',
    `${kept.length} of ${all} old files of ${what} stay: ${location} refuses to remove them`,
    {
      body: kept.map(({ key, why }) => `${key}: ${why}`),
      hint: 'nothing is lost, and their key stays needed; allow the removal, or wait until their retention is over, then run again',
      facts: { reason: 'kept_by_store', location, keys: kept.map(({ key }) => key) },
    },
  );
}
