import { open } from 'node:fs/promises';
import type { ErrorCode } from '../errors.ts';
import { OrdersyncError } from '../errors.ts';
import type { StoreFault } from './store-error.ts';
import { storeError } from './store-error.ts';

interface Wording {
  readonly code: ErrorCode;
  readonly fault: StoreFault;
  readonly message: (file: string) => string;
  readonly hint: string;
}

const NO_SPACE: Wording = {
  code: 'connection',
  fault: 'no_space',
  message: (file) => `no space is left to write ${file}`,
  hint: 'make room on that disk, or raise the quota or the limit of file sizes, and run again: nothing half-written stays',
};
const DENIED: Wording = {
  code: 'permission',
  fault: 'access_denied',
  message: (file) => `may not open or write ${file}`,
  hint: 'run as the user that owns the directory of the archive, or mount it for writing',
};
const UNSUPPORTED: Wording = {
  code: 'not_enabled',
  fault: 'unsupported',
  message: (file) => `the file system of ${file} has no hard links, without which a new file could replace an old one`,
  hint: 'use a file system such as ext4, xfs, zfs, apfs or nfs',
};

/** Errors of the system by their code. What is not here is a failure of the disk or the network behind it. */
const WORDINGS: ReadonlyMap<string, Wording> = new Map([
  ['ENOSPC', NO_SPACE],
  ['EDQUOT', NO_SPACE],
  ['EFBIG', NO_SPACE],
  ['EACCES', DENIED],
  ['EPERM', DENIED],
  ['EROFS', DENIED],
  ['ENOTSUP', UNSUPPORTED],
  ['EOPNOTSUPP', UNSUPPORTED],
]);

/** Names the failure of an operation on a file. ENOENT, EEXIST and their like stay as they are: the caller knows what they mean. */
export async function during<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw nameFailure(file, error);
  }
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(error) ?? '');
}

/** A name is on disk when its folder is. */
export async function flushFolder(folder: string): Promise<void> {
  await during(folder, async () => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

function nameFailure(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof OrdersyncError) return error;
  if (['ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP'].includes(code)) return error;
  const facts = { path: file, system_error: code };
  const wording = WORDINGS.get(code);
  if (wording !== undefined) {
    const { fault, message, hint } = wording;
    return storeError(wording.code, fault, message(file), { hint, facts, cause: error });
  }
  return storeError('connection', 'failed', `the file system failed at ${file} (${code})`, {
    hint: 'look at the disk, or the network file system, and its log; then run again',
    facts,
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
