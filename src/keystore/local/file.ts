import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { OrdersyncError } from '../../errors.ts';
import type { KeyringFault } from '../keystore.ts';

/** A file that only its owner may read, and who is asking. */
export interface PrivateFile {
  readonly path: string;
  /** What to call it in messages: "keyring", "key file". */
  readonly what: string;
  /** The effective user id; undefined where files have no owner (Windows), and then owner and mode are not looked at. */
  readonly uid: number | undefined;
}

const MAXIMUM_BYTES = 1024 * 1024;
const OTHERS = 0o077;

/** Reads the whole file, after checking on the open file (not on its name) that it is nobody else's to read or write. */
export async function readPrivate(file: PrivateFile): Promise<Buffer> {
  // O_NONBLOCK: opening a pipe by mistake must not hang.
  const handle = await during(file, () => open(file.path, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    await requirePrivate(file, handle);
    return await during(file, () => handle.readFile());
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file so that a crash at any point leaves the old file or the new one, whole: a new file of mode 0600 beside
 * it, flushed, then put in its place, and the folder flushed. `create` refuses to replace an existing file.
 */
export async function writePrivate(file: PrivateFile, bytes: Uint8Array, mode: 'create' | 'replace'): Promise<void> {
  // The target of a symbolic link is replaced, not the link.
  const target = mode === 'create' ? file.path : await during(file, () => realpath(file.path));
  const temporary = `${target}.${randomBytes(6).toString('hex')}.new`;
  try {
    await during(file, () => writeFlushed(temporary, bytes));
    await during(file, () => (mode === 'create' ? link(temporary, target) : rename(temporary, target)));
    await during(file, () => flushFolder(path.dirname(target)));
  } finally {
    await unlinkIfThere(temporary);
  }
}

/** Holds `<path>.lock` while `work` runs. Throws `lock_held`, naming the holder the lock file names. */
export async function withFileLock<Result>(
  file: PrivateFile,
  holder: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = `${file.path}.lock`;
  const handle = await takeLock(file, lock);
  try {
    await handle.writeFile(`${holder}\n`);
    return await work();
  } finally {
    await handle.close();
    await unlinkIfThere(lock);
  }
}

async function takeLock(file: PrivateFile, lock: string): Promise<FileHandle> {
  try {
    return await open(lock, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw fileError(file, error);
    throw new OrdersyncError('lock_held', `the ${file.what} ${file.path} is being changed by ${await holderOf(lock)}`, {
      hint: `if that process is gone, it was killed: remove ${lock}`,
      facts: { path: file.path, lock },
    });
  }
}

/** What the lock file says; it may be gone again, or not be written yet. */
async function holderOf(lock: string): Promise<string> {
  const text = await readFile(lock, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return text.trim().slice(0, 200) || 'another process';
}

async function requirePrivate(file: PrivateFile, handle: FileHandle): Promise<void> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw unsafe(file, 'is not a regular file', 'name a file');
  if (stat.size > MAXIMUM_BYTES)
    throw unsafe(file, `has ${stat.size} bytes, which no ${file.what} has`, 'name the right file');
  if (file.uid === undefined) return;
  if (stat.uid !== file.uid)
    throw unsafe(file, `belongs to user ${stat.uid}, not to user ${file.uid}`, `chown it, or run as its owner`);
  if ((stat.mode & OTHERS) === 0) return;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  throw unsafe(
    file,
    `is open to other users (mode ${mode})`,
    `chmod 600 ${file.path}, and change the passphrase or key if others may have read it`,
  );
}

async function writeFlushed(target: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(target, 'wx', 0o600);
  try {
    // The mode given to open is cut by the umask; this one is not.
    await handle.chmod(0o600);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlinkIfThere(target: string): Promise<void> {
  await unlink(target).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

async function during<Result>(file: PrivateFile, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw fileError(file, error);
  }
}

function fileError(file: PrivateFile, error: unknown): unknown {
  const facts = { path: file.path, reason: 'unreadable_file' satisfies KeyringFault };
  switch (codeOf(error)) {
    case undefined:
      return error;
    case 'ENOENT':
      return new OrdersyncError('config', `there is no ${file.what} at ${file.path}`, {
        hint: file.what === 'keyring' ? 'ordersync key keyring init makes one' : 'check its path',
        facts,
      });
    case 'EEXIST':
      return new OrdersyncError('precondition', `there is already a file at ${file.path}`, {
        hint: `name another ${file.what}; this one is never replaced`,
        facts,
      });
    case 'EACCES':
    case 'EPERM':
      return new OrdersyncError('permission', `may not open the ${file.what} ${file.path}`, {
        hint: 'run as its owner',
        facts,
        cause: error,
      });
    default:
      return new OrdersyncError('config', `cannot read or write the ${file.what} ${file.path}: ${codeOf(error)}`, {
        facts,
        cause: error,
      });
  }
}

function unsafe(file: PrivateFile, fault: string, hint: string): OrdersyncError {
  const facts = { path: file.path, reason: 'unsafe_file' satisfies KeyringFault };
  return new OrdersyncError('permission', `the ${file.what} ${file.path} ${fault}`, { hint, facts });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
