import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDirectoryStore } from '../../src/store/directory.ts';
import { waitFor } from '../support/wait.ts';
import type { Fault } from '../support/s3/faults.ts';
import type { OperationName } from '../support/s3/model.ts';
import { useBuiltStores } from './built.ts';
import { contentOf, keysOf, put, useFolder } from './fixture.ts';
import { environmentOf, useS3 } from './s3/fixture.ts';

const built = useBuiltStores(['store/directory.ts', 'store/s3/store.ts']);
const folder = useFolder();

function filesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

describe('a process killed before any one of its calls of the file system', () => {
  /** Counts every call that changes files, and dies by SIGKILL before the one whose number it is given. */
  const PROGRAM = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const [folder, ifAbsent, fatal] = process.argv.slice(2);
    let calls = 0;
    const counted = (owner, name) => {
      const original = owner[name];
      owner[name] = function (...args) {
        calls += 1;
        if (calls === Number(fatal)) process.kill(process.pid, 'SIGKILL');
        return original.apply(this, args);
      };
    };
    const probe = await fs.open('/dev/null');
    for (const name of ['write', 'chmod', 'sync']) counted(Object.getPrototypeOf(probe), name);
    for (const name of ['open', 'mkdir', 'link', 'rename', 'unlink']) counted(fs, name);
    syncBuiltinESMExports();
    const { openDirectoryStore } = await import('./store/directory.js');
    const store = await openDirectoryStore({ path: folder });
    const upload = await store.upload('a/b/object', { ifAbsent: ifAbsent === 'true' });
    await upload.write(Buffer.from('new '));
    await upload.write(Buffer.from('content'));
    await upload.finish();
    `;

  test.each([
    ['that was not there before', true, undefined],
    ['that replaces another', false, 'old content'],
  ] as const)(
    'leaves an object %s whole or not at all, and nothing that sweep does not remove',
    async (_, ifAbsent, old) => {
      const store = await openDirectoryStore({ path: folder.path });
      const seen = new Set<string>();
      let swept = 0;
      let fatal = 1;
      for (; ; fatal += 1) {
        if (old === undefined) await store.remove('a/b/object');
        else await put(store, 'a/b/object', old);
        const { signal } = await built.run(PROGRAM, { args: [folder.path, String(ifAbsent), String(fatal)] });
        const found =
          (await keysOf(store)).length === 0 ? 'nothing' : (await contentOf(store, 'a/b/object')).toString();
        expect([old ?? 'nothing', 'new content']).toContain(found);
        seen.add(found);
        swept += await store.sweep('');
        expect(filesIn(path.join(folder.path, 'a/b'))).toEqual(found === 'nothing' ? [] : ['object']);
        if (signal === null) break;
        expect(signal).toBe('SIGKILL');
      }
      // mkdir, open, two writes, chmod, sync, into its place, and the folder's open and sync.
      expect(fatal - 1).toBeGreaterThanOrEqual(9);
      expect(seen).toEqual(new Set([old ?? 'nothing', 'new content']));
      expect(swept).toBeGreaterThanOrEqual(5);
    },
  );
});

describe('a process killed while S3 does', () => {
  const env = useS3();
  const PROGRAM = `
    import { createS3Store } from './store/s3/store.js';
    const [endpoint, bytes] = process.argv.slice(2);
    const clock = { now: () => new Date(), monotonicMs: () => performance.now(), sleep: async () => undefined };
    const needs = { clock, signal: new AbortController().signal, random: Math.random };
    const store = createS3Store(needs, { bucket: 'archive', prefix: 'shop/prod', endpoint });
    const upload = await store.upload('a/object');
    await upload.write(Buffer.alloc(Number(bytes), 'x'));
    await upload.finish();`;
  const LARGE = 9 * 1024 * 1024;

  test.each<[OperationName, Fault, number, 'nothing' | 'object']>([
    ['PutObject', 'hang', 100, 'nothing'],
    ['PutObject', 'hang-after', 100, 'object'],
    ['CreateMultipartUpload', 'hang', LARGE, 'nothing'],
    ['CreateMultipartUpload', 'hang-after', LARGE, 'nothing'],
    ['UploadPart', 'hang', LARGE, 'nothing'],
    ['UploadPart', 'hang-after', LARGE, 'nothing'],
    ['CompleteMultipartUpload', 'hang', LARGE, 'nothing'],
    ['CompleteMultipartUpload', 'hang-after', LARGE, 'object'],
  ])(
    '%s (%s): the object is whole or not there, and sweep removes the rest',
    async (operation, fault, bytes, expected) => {
      env.s3.fail(fault, { operation, times: 10 });
      const child = built.start(PROGRAM, { args: [env.s3.url, String(bytes)], env: environmentOf(env.s3) });
      const ended = new Promise((resolve) => {
        child.once('exit', (_, signal) => resolve(signal));
      });
      await waitFor(
        () => env.s3.calls.some((call) => call.operation === operation && call.outcome === fault),
        `${operation} hangs`,
      );
      child.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      env.s3.recover();
      const stored = await keysOf(env.store);
      expect(stored).toEqual(expected === 'object' ? ['a/object'] : []);
      for (const key of stored) expect((await contentOf(env.store, key)).equals(Buffer.alloc(bytes, 'x'))).toBe(true);
      const open = env.bucket.uploads.size;
      expect(await env.store.sweep('')).toBe(open);
      expect(env.bucket.uploads.size).toBe(0);
    },
  );
});
