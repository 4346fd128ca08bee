import type { Dirent } from 'node:fs';
import { lstat, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { during, flushFolder, hasCode } from './directory-files.ts';
import type { StoredObject } from './store.ts';

/** `.part-00000.parquet.0f3a5c7e9b1d.ordersync.tmp`, as directory-upload.ts names it. */
const TEMPORARY = /^\.(.+)\.[0-9a-f]{12}\.ordersync\.tmp$/u;

/** Finished objects in the order of their keys, as S3 gives them. */
export async function* listFiles(root: string, prefix: string): AsyncGenerator<StoredObject, void, void> {
  for await (const key of walk(root, folderOf(prefix), prefix)) {
    if (unfinished(key) !== undefined) continue;
    const file = path.join(root, key);
    const found = await during(file, () => lstat(file)).catch((error: unknown) => {
      // Removed since its folder was read.
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (found !== undefined) yield { key, bytes: found.size };
  }
}

/** Removes what this program, and nothing else, left unfinished and did not write to since. */
export async function sweepFiles(root: string, prefix: string, beforeMs: number): Promise<number> {
  let swept = 0;
  for await (const key of walk(root, folderOf(prefix), '')) {
    if (unfinished(key)?.startsWith(prefix) !== true) continue;
    const file = path.join(root, key);
    if ((await lastWritten(file)) > beforeMs) continue;
    await during(file, () => unlink(file)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    await flushFolder(path.dirname(file));
    swept += 1;
  }
  return swept;
}

/** A file that has just gone was written to long ago. */
async function lastWritten(file: string): Promise<number> {
  const found = await during(file, () => lstat(file)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return found?.mtimeMs ?? 0;
}

/** Every regular file below a folder, but for those that cannot begin with the prefix. */
async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<string, void, void> {
  for (const entry of await entriesOf(path.join(root, folder))) {
    const key = `${folder}${entry.name}`;
    if (entry.isDirectory()) {
      const inside = `${key}/`;
      if (inside.startsWith(prefix) || prefix.startsWith(inside)) yield* walk(root, inside, prefix);
    } else if (entry.isFile() && key.startsWith(prefix)) {
      yield key;
    }
  }
}

/** In the order of the keys they lead to. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await during(folder, () => readdir(folder, { withFileTypes: true })).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  // Names that no object has are somebody else's: lost+found may not even be read.
  const ours = entries.filter(({ name }) => /^[\w.=-]+$/u.test(name));
  return ours.sort((one, two) => (sortNameOf(one) < sortNameOf(two) ? -1 : 1));
}

/** A folder's name counts with its slash: that is where the keys below it stand in the order. */
function sortNameOf(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name;
}

function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

/** The key that an unfinished file of this program was to have; undefined for every other file. */
function unfinished(key: string): string | undefined {
  const { dir, base } = path.posix.parse(key);
  const name = TEMPORARY.exec(base)?.[1];
  return name === undefined ? undefined : path.posix.join(dir, name);
}
