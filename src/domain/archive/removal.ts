import { counted } from '../../counted.ts';
import type { Work } from '../../context.ts';
import type { Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { isRefusal } from '../../store/store-error.ts';
import type { ObjectStore } from '../../store/store.ts';
import { isNamed } from './run/ledger-queries.ts';

/** A file that the store does not let go, and its words for that. */
export interface KeptFile {
  readonly key: string;
  readonly why: string;
}

/**
 * Removes a file, and looks whether it is gone.
 * @returns what the store keeps of it, by its own words, when it refuses
 * @throws OrdersyncError `unhealthy` when the store says that it is gone and still has it
 */
export async function removeFile(store: ObjectStore, key: string): Promise<'absent' | 'removed' | 'hidden' | KeptFile> {
  if ((await store.head(key)) === undefined) return 'absent';
  const how = await store.remove(key).catch((error: unknown): KeptFile => {
    if (isRefusal(error)) return { key, why: error.details.body?.[0] ?? error.message };
    throw error;
  });
  if (typeof how === 'string' && (await store.head(key)) !== undefined) throw stillThere(key, store.location);
  return how;
}

interface BrokenOff {
  /** "an export of audit_logs 2025-01" */
  readonly what: string;
  /** In the name of each of its files. */
  readonly id: string;
  /** Where its files would be. */
  readonly folders: Iterable<string>;
}

/**
 * Removes the files of an attempt that never got a manifest; none that one names is touched. What the store keeps is in
 * nobody's way: it is read through manifests alone, and the next attempt has names of its own.
 * @returns the files that stay
 */
export async function* removeBrokenOff(
  { session: { sql }, store }: { readonly session: { readonly sql: Sql }; readonly store: ObjectStore },
  { what, id, folders }: BrokenOff,
): Work<readonly KeptFile[]> {
  if (await isNamed(sql, id)) return [];
  const kept: KeptFile[] = [];
  let removed = 0;
  for (const folder of new Set(folders)) {
    await store.sweep(folder);
    for await (const { key } of store.list(folder)) {
      if (!key.endsWith(`-${id}.parquet`)) continue;
      const found = await removeFile(store, key);
      if (typeof found === 'object') kept.push(found);
      else if (found !== 'absent') removed += 1;
    }
  }
  if (removed > 0)
    yield { kind: 'note', message: `removed ${counted(removed, 'file')} of ${what} that was not completed` };
  if (kept.length > 0) {
    const message = `${store.location} refuses to remove ${counted(kept.length, 'file')} of ${what} that was not completed`;
    yield { kind: 'warning', message: [message, ...kept.map(({ key, why }) => `  ${key}: ${why}`)].join('\n') };
  }
  return kept;
}

function stillThere(key: string, location: string): OrdersyncError {
  return new OrdersyncError('unhealthy', `${key} is still in ${location} after it was removed`, {
    hint: 'check what answers as the store, and whether it puts objects back (replication, a cache); then run again',
    facts: { reason: 'lying_store', location, key },
  });
}
