import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Guard } from './guard.ts';
import { findTree, keepTree, type Cache } from './tree.ts';

/**
 * Puts a fresh data directory at `<directory>/data` and returns the superuser's password. With a cache, initdb runs once per
 * package version and every server gets a cold copy, which is 10 times faster.
 */
export async function createDataDirectory(
  guard: Guard,
  request: { readonly directory: string; readonly cache: Cache; readonly binaries: Binaries },
): Promise<string> {
  const { directory, cache, binaries } = request;
  const prefix = `template-${binaries.packageVersion}-`;
  const found = await findTree(guard, cache, prefix);
  const template = found ?? (await keepTree(await initialise(guard, directory), cache, prefix));
  const password = (await readFile(join(template, 'password'), 'utf8')).trim();
  await guard.order(cache === undefined ? 'adopt' : `copy ${template}/data`);
  return password;
}

async function initialise(guard: Guard, directory: string): Promise<string> {
  // Half of 128 bits would do against guessing on a loopback port; hex needs no quoting in a URL.
  await guard.order(`password ${randomBytes(16).toString('hex')}`);
  // Not C: with lc_ctype C, pg_trgm finds no trigrams in Hangul, silently. macOS has no C.UTF-8 before version 15.
  await guard.order(`initdb ${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`);
  return join(directory, 'template');
}
