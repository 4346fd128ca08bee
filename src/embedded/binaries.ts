import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { OrdersyncError } from '../errors.ts';
import type { Account } from './account.ts';
import type { Guard } from './guard.ts';
import { findPlatformPackage, type PlatformPackage } from './platform-package.ts';
import { findTree, keepTree, type Cache } from './tree.ts';
import type { PostgresVersion } from './version.ts';

interface Workplace {
  readonly guard: Guard;
  readonly account: Account;
  /** The guard's directory. */
  readonly directory: string;
  readonly cache: Cache;
}

export interface Binaries {
  /** Version of the package, such as `18.4.0-beta.17`. */
  readonly packageVersion: string;
  /** Absolute path of the folder with bin, lib and share. */
  readonly native: string;
}

/**
 * Binaries that the server's account can run: the installed ones, or a copy when they cannot be completed where they are
 * (read-only) or the account cannot reach them (a checkout below /root).
 * @throws OrdersyncError `not_enabled` when they are not installed or do not run on this machine.
 */
export async function prepareBinaries(version: PostgresVersion, place: Workplace): Promise<Binaries> {
  const installed = findPlatformPackage(version);
  const links = await readLinks(installed.native);
  const complete = await restoreLinks(installed.native, links);
  if (complete && runs(installed.native, version, place.account).ok) {
    return { packageVersion: installed.version, native: installed.native };
  }
  const native = await copyBinaries(installed, links, place);
  const { ok, reason } = runs(native, version, place.account);
  if (!ok) {
    throw new OrdersyncError('not_enabled', `PostgreSQL ${version} does not run on this machine: ${reason}`, {
      hint: 'the binaries need glibc, and a temporary directory that is not mounted noexec',
    });
  }
  return { packageVersion: installed.version, native };
}

interface Link {
  /** What the link contains, relative to the directory it stands in. */
  readonly content: string;
  /** Where it stands, relative to `native`. */
  readonly path: string;
}

/** The links npm cannot pack, from the package's own list `[{source: existing file, target: link}]`. */
async function readLinks(native: string): Promise<readonly Link[]> {
  const listed = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  return listed.map(({ source, target }) => ({
    content: relative(dirname(target), source),
    path: relative('native', target),
  }));
}

/** Makes the missing links, as the package's install script would have. False where the folder cannot be written. */
export async function restoreLinks(native: string, links: readonly Link[]): Promise<boolean> {
  for (const { content, path } of links) {
    const link = join(native, path);
    if (await exists(link)) continue;
    try {
      await symlink(content, link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      // Another process may have been faster.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Tries it: permissions on every folder above, libraries and architecture all show in this one call. */
function runs(native: string, version: PostgresVersion, account: Account): { ok: boolean; reason: string } {
  const answer = spawnSync(join(native, 'bin', 'postgres'), ['--version'], {
    ...account.identity,
    cwd: '/',
    encoding: 'utf8',
  });
  const ok = answer.stdout?.includes(`(PostgreSQL) ${version}.`) ?? false;
  return { ok, reason: answer.error?.message ?? (answer.stderr.trim() || answer.stdout.trim()) };
}

async function copyBinaries(installed: PlatformPackage, links: readonly Link[], place: Workplace): Promise<string> {
  const prefix = `binaries-${installed.version}-`;
  const found = await findTree(place.guard, place.cache, prefix);
  if (found !== undefined) return found;
  const copy = join(place.directory, 'binaries');
  await place.guard.order(`mkdir ${copy}`);
  await pipeTree(installed.native, copy, place.account);
  await place.guard.order(`native ${copy}`);
  for (const { content, path } of links) {
    if (!(await exists(join(copy, path)))) await place.guard.order(`link ${content} ${path}`);
  }
  return keepTree(copy, place.cache, prefix);
}

/** Reads with this process's rights and writes with the account's, which need not be able to read the source. */
async function pipeTree(from: string, to: string, account: Account): Promise<void> {
  const reader = spawn('tar', ['-C', from, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const writer = spawn('tar', ['-C', to, '-xf', '-'], {
    ...account.identity,
    cwd: '/',
    stdio: [reader.stdout, 'ignore', 'inherit'],
  });
  // This process is no reader of the pipe: it must not keep the first tar waiting when the second has failed.
  reader.stdout.destroy();
  const statuses = await Promise.all([once(reader, 'exit'), once(writer, 'exit')]);
  if (statuses.some(([status]) => status !== 0)) {
    throw new OrdersyncError('precondition', `copying the PostgreSQL binaries to ${to} failed`, {
      hint: 'see whether the temporary directory has 60 MB of room',
    });
  }
}
