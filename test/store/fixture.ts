import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit.ts';
import { OrdersyncError } from '../../src/errors.ts';
import type { StoreFault } from '../../src/store/store-error.ts';
import type { ObjectStore, SentObject } from '../../src/store/store.ts';

/** A new folder for each test. */
export function useFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => {
    folder.path = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
  });
  afterEach(() => rmSync(folder.path, { recursive: true, force: true }));
  return folder;
}

export async function put(
  store: ObjectStore,
  key: string,
  content: string | Uint8Array,
  options: { readonly ifAbsent?: boolean } = {},
): Promise<SentObject> {
  const upload = await store.upload(key, options);
  await upload.write(Buffer.from(content));
  return upload.finish();
}

export async function contentOf(
  store: Pick<ObjectStore, 'read'>,
  key: string,
  range?: { readonly offset: number; readonly length: number },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(key, range)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function keysOf(store: Pick<ObjectStore, 'list'>, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** How an attempt failed, as far as the outside sees it. */
export interface Failure {
  readonly reason: StoreFault;
  readonly exit: number;
  readonly message: string;
}

export async function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  const error = await attempt.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(error instanceof OrdersyncError)) throw error;
  if (!error.details.hint) throw new Error(`no hint: ${error.message}`);
  return { reason: error.details.facts?.['reason'] as StoreFault, exit: exitCodeOf(error), message: error.message };
}
