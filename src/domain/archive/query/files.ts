import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { ArchiveFile } from '../manifest/manifest.ts';

export interface FileRequest {
  readonly store: ObjectStore;
  readonly files: readonly ArchiveFile[];
  /** Where files of another machine are copied to. */
  readonly scratch: string;
  /** The most that may be copied. */
  readonly copyBytes: number;
  /** Takes files of this machine for what their manifests say, without reading them first. */
  readonly trustFiles: boolean;
}

/**
 * Brings the files to where DuckDB can read them, each checked by its sha256 as its manifest has it.
 * @returns the path of each file by its key
 * @throws OrdersyncError `unhealthy` for a file that is not what its manifest says; `precondition` for too much to copy
 */
export async function* bringFiles(
  { signal }: Pick<Context, 'signal'>,
  { store, files, scratch, copyBytes, trustFiles }: FileRequest,
): Work<ReadonlyMap<string, string>> {
  const root = localRoot(store);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (root === undefined && total > copyBytes) throw tooMuch(store, total, copyBytes);
  const paths = new Map<string, string>();
  let done = 0;
  for (const file of files) {
    signal.throwIfAborted();
    const target = path.join(root ?? scratch, file.key);
    paths.set(file.key, target);
    if (root !== undefined && trustFiles) continue;
    const copy = root === undefined ? await createCopy(target) : undefined;
    try {
      await checkFile(store, file, async (piece) => {
        signal.throwIfAborted();
        await copy?.writeFile(piece);
      });
    } finally {
      await copy?.close();
    }
    done += file.bytes;
    yield { kind: 'progress', label: root === undefined ? 'fetched' : 'checked', done, total, unit: 'bytes' };
  }
  return paths;
}

/** The folder of a store on this machine. */
function localRoot({ location }: ObjectStore): string | undefined {
  return location.startsWith('file:') ? fileURLToPath(location) : undefined;
}

async function createCopy(target: string): Promise<FileHandle> {
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  return open(target, 'wx', 0o600);
}

async function checkFile(
  store: ObjectStore,
  { key, bytes, sha256 }: ArchiveFile,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  let found = 0;
  for await (const piece of store.read(key)) {
    hash.update(piece);
    found += piece.length;
    await take(piece);
  }
  if (found === bytes && hash.digest('hex') === sha256) return;
  throw new OrdersyncError('unhealthy', `${key} is not what its manifest says`, {
    hint: 'nothing was asked of it; see what is wrong with ordersync archive verify',
    body: [found === bytes ? 'its sha256 differs' : `it has ${found} bytes, and its manifest says ${bytes}`],
    facts: { file: key },
  });
}

function tooMuch({ location }: ObjectStore, total: number, most: number): OrdersyncError {
  return new OrdersyncError(
    'precondition',
    `the query needs ${megabytes(total)} of ${location}, and ${megabytes(most)} may be copied here`,
    { hint: 'name fewer months with --month, or allow more with --max-copy' },
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MB`;
}
