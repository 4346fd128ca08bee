import { createHash } from 'node:crypto';
import { lstat, readFile, readdir, rename } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { OrdersyncError } from '../errors.ts';
import type { Account } from './account.ts';
import type { Guard } from './guard.ts';

/** A folder of finished trees, shared by all processes of one account. Undefined means: keep nothing. */
export type Cache = string | undefined;

/**
 * Opens the cache below the temporary directory.
 * @throws OrdersyncError `precondition` when somebody else owns or may enter a directory of that name.
 */
export async function openCache(guard: Guard, account: Account, temporary: string): Promise<string> {
  const cache = join(temporary, `ordersync-embedded-${account.uid}`);
  await guard.order(`mkdir ${cache}`);
  const found = await lstat(cache);
  if (!found.isDirectory() || found.uid !== account.uid || (found.mode & 0o077) !== 0) {
    throw new OrdersyncError('precondition', `${cache} is not a private directory of user ${account.uid}`, {
      hint: 'remove it: it is only a cache',
    });
  }
  return cache;
}

/** A finished tree whose name is `prefix` and the digest of what it holds; a damaged one is thrown away. */
export async function findTree(guard: Guard, cache: Cache, prefix: string): Promise<string | undefined> {
  if (cache === undefined) return undefined;
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix)) continue;
    const tree = join(cache, name);
    if ((await digestOf(tree)) === name.slice(prefix.length)) return tree;
    // Programs that tidy the temporary directory remove old files one by one.
    await guard.order(`discard ${tree}`);
  }
  return undefined;
}

/** Moves a finished tree into the cache in one step; where another process was faster, its tree serves as well. */
export async function keepTree(tree: string, cache: Cache, prefix: string): Promise<string> {
  if (cache === undefined) return tree;
  const place = join(cache, `${prefix}${await digestOf(tree)}`);
  try {
    await rename(tree, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  return place;
}

/**
 * Hex digest of the names and sizes of all files below a directory (links do not count), and of the boot they were made in:
 * nothing here is synced to disk, so what a crashed machine left is not trusted. macOS has no boot id.
 */
async function digestOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const lines = await Promise.all(
    files.map(async (file) => `${relative(directory, file)} ${(await lstat(file)).size}`),
  );
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return createHash('sha256')
    .update([boot, ...lines.sort()].join('\n'))
    .digest('hex')
    .slice(0, 16);
}
