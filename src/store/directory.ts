import { constants } from 'node:fs';
import { lstat, open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../context.ts';
import { during, flushFolder, hasCode } from './directory-files.ts';
import { listFiles, sweepFiles } from './directory-list.ts';
import { startFile } from './directory-upload.ts';
import { requireObjectKey, requirePrefix } from './object-key.ts';
import type { ObjectStore, StoredObject } from './store.ts';
import { notFound, storeError, truncated } from './store-error.ts';

const PIECE_BYTES = 256 * 1024;

interface DirectoryStoreRequest {
  readonly path: string;
  /** Tells how old unfinished files are. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * A store in a directory, which must be there: one made here would hide that a disk is not mounted. Objects are files of
 * mode 0600 in folders of mode 0700; only regular files count, never what a link leads to.
 * @throws OrdersyncError `config`, reason `no_directory`
 */
export async function openDirectoryStore({
  path: directory,
  clock = { now: () => new Date() },
}: DirectoryStoreRequest): Promise<ObjectStore> {
  const root = path.resolve(directory);
  await requireDirectory(root);
  const location = pathToFileURL(root).href;
  const fileOf = (key: string): string => {
    requireObjectKey(key);
    return path.join(root, ...key.split('/'));
  };
  return {
    location,
    upload: async (key, { ifAbsent = false } = {}) => startFile({ root, location, key, file: fileOf(key), ifAbsent }),
    read: (key, range) => readFile({ location, key, file: fileOf(key) }, range),
    head: async (key) => headOf(fileOf(key), key),
    list: (prefix) => {
      requirePrefix(prefix);
      return listFiles(root, prefix);
    },
    remove: async (key) => {
      await removeFile(fileOf(key));
      return 'removed';
    },
    sweep: async (prefix, { olderThanMs = 0 } = {}) => {
      requirePrefix(prefix);
      // With 0 all of them: a file server's clock may be ahead of this one.
      return sweepFiles(root, prefix, olderThanMs === 0 ? Infinity : clock.now().getTime() - olderThanMs);
    },
    probe: async () => {
      const upload = await startFile({ root, location, key: 'probe', file: path.join(root, 'probe'), ifAbsent: true });
      await upload.abandon();
    },
    close: () => undefined,
  };
}

async function requireDirectory(root: string): Promise<void> {
  const found = await during(root, () => stat(root)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) return;
  const what = found === undefined ? 'there is no directory' : 'there is a file, and no directory, at';
  throw storeError('config', 'no_directory', `${what} ${root}`, {
    hint: 'make it (mkdir -m 700), or mount the disk it is on: an archive is never started in another place by mistake',
    facts: { path: root },
  });
}

async function headOf(file: string, key: string): Promise<StoredObject | undefined> {
  const found = await during(file, () => lstat(file)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  });
  return found?.isFile() === true ? { key, bytes: found.size } : undefined;
}

async function* readFile(
  { location, key, file }: { readonly location: string; readonly key: string; readonly file: string },
  range: { readonly offset: number; readonly length: number } | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  // O_NOFOLLOW: a link in the store could lead to any file of the machine. O_NONBLOCK: opening a pipe must not hang.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await during(file, () => open(file, flags)).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP') ? notFound(location, key) : error;
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw notFound(location, key);
    const expected = range?.length ?? found.size;
    for (let done = 0; done < expected;) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, expected - done));
      const position = (range?.offset ?? 0) + done;
      const { bytesRead } = await during(file, () => handle.read(piece, 0, piece.length, position));
      if (bytesRead === 0) throw truncated(location, key, { expected, found: done });
      done += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function removeFile(file: string): Promise<void> {
  try {
    await during(file, () => unlink(file));
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    return;
  }
  await flushFolder(path.dirname(file));
}
