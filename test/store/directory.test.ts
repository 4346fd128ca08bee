import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDirectoryStore } from '../../src/store/directory.ts';
import { readBackEquals } from '../../src/store/read-back.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { contentOf, failureOf, keysOf, put, useFolder } from './fixture.ts';

const folder = useFolder();
let store: ObjectStore;
const at = (...names: string[]) => path.join(folder.path, ...names);
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

beforeEach(async () => {
  store = await openDirectoryStore({ path: folder.path });
});

test('an object is what was written, counted and digested by the sender, and nobody else may read it', async () => {
  const upload = await store.upload('audit_logs/year=2025/month=01/part-00000.parquet');
  for (const piece of ['one', '', 'two']) await upload.write(Buffer.from(piece));
  expect(await keysOf(store)).toEqual([]);
  const sent = await upload.finish();
  expect(sent).toEqual({
    key: 'audit_logs/year=2025/month=01/part-00000.parquet',
    bytes: 6,
    sha256: createHash('sha256').update('onetwo').digest('hex'),
  });
  expect(readFileSync(at(sent.key), 'utf8')).toBe('onetwo');
  expect([modeOf(at(sent.key)), modeOf(at('audit_logs')), modeOf(at('audit_logs/year=2025'))]).toEqual([
    '600',
    '700',
    '700',
  ]);
  expect(await store.head(sent.key)).toEqual({ key: sent.key, bytes: 6 });
  expect(await readBackEquals(store, sent)).toBe(true);
  expect(store.location).toBe(`file://${folder.path}`);
});

test('a large object comes back whole, in pieces, and by range', async () => {
  const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, index) => index % 251));
  const sent = await put(store, 'large', bytes);
  expect((await contentOf(store, 'large')).equals(bytes)).toBe(true);
  expect(
    (await contentOf(store, 'large', { offset: 300_000, length: 300_000 })).equals(bytes.subarray(300_000, 600_000)),
  ).toBe(true);
  expect(await failureOf(contentOf(store, 'large', { offset: 700_000, length: 2 }))).toMatchObject({
    reason: 'truncated',
    exit: 5,
  });
  expect(await readBackEquals(store, sent)).toBe(true);
});

test('bytes that changed, went missing or were added since are noticed', async () => {
  const sent = await put(store, 'a/object', 'content');
  for (const changed of ['contenT', 'conten', 'contents']) {
    writeFileSync(at('a/object'), changed);
    expect(await readBackEquals(store, sent)).toBe(false);
  }
  await store.remove('a/object');
  expect(await readBackEquals(store, sent)).toBe(false);
});

test('with ifAbsent an object is never replaced, without it the last one stays', async () => {
  await put(store, 'manifests/1.json', 'first', { ifAbsent: true });
  expect(await failureOf(put(store, 'manifests/1.json', 'second', { ifAbsent: true }))).toEqual({
    reason: 'already_exists',
    exit: 4,
    message: `there is already a manifests/1.json in file://${folder.path}`,
  });
  expect((await contentOf(store, 'manifests/1.json')).toString()).toBe('first');
  await put(store, 'manifests/1.json', 'third');
  expect((await contentOf(store, 'manifests/1.json')).toString()).toBe('third');
  expect(readdirSync(at('manifests'))).toEqual(['1.json']);
});

test('of two that write the same key at once with ifAbsent, one succeeds', async () => {
  const uploads = await Promise.all([1, 2, 3].map(async () => store.upload('one', { ifAbsent: true })));
  for (const [index, upload] of uploads.entries()) await upload.write(Buffer.from(`writer ${index}`));
  const results = await Promise.allSettled(uploads.map(async (upload) => upload.finish()));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(readdirSync(folder.path)).toEqual(['one']);
});

test('an abandoned upload leaves nothing, and says nothing when it is abandoned twice', async () => {
  const upload = await store.upload('a/b');
  await upload.write(Buffer.from('half'));
  await upload.abandon();
  await upload.abandon();
  expect(readdirSync(at('a'))).toEqual([]);
});

test('objects are listed in the order of their keys, as S3 has them', async () => {
  const keys = ['a/b', 'a-b', 'a.b', 'a/c/d', 'a=b', 'ab', 'a/c', 'b/a'].filter((key) => key !== 'a/c');
  for (const key of keys) await put(store, key, key);
  expect(await keysOf(store)).toEqual(keys.toSorted());
  expect(await keysOf(store, 'a/')).toEqual(['a/b', 'a/c/d']);
  expect(await keysOf(store, 'a/c')).toEqual(['a/c/d']);
  expect(await keysOf(store, 'a')).toEqual(keys.toSorted().filter((key) => key.startsWith('a')));
  expect(await keysOf(store, 'nothing/here')).toEqual([]);
});

test.each([
  '../outside',
  'a/../../outside',
  '/etc/passwd',
  'a//b',
  '',
  'a/',
  './a',
  'a/.',
  'a\\b',
  'a\0b',
  'é',
  'a b',
  `.x.0123456789ab.ordersync.tmp`,
  'x'.repeat(181),
  'x/'.repeat(400) + 'x',
])('the key %j reaches no file', async (key) => {
  const expected = {
    reason: 'unusable_key',
    exit: 2,
    message: expect.stringContaining('cannot be the key of an object'),
  };
  expect(await failureOf(put(store, key, 'x'))).toEqual(expected);
  expect(await failureOf(contentOf(store, key))).toEqual(expected);
  expect(await failureOf(store.head(key))).toEqual(expected);
  expect(await failureOf(store.remove(key))).toEqual(expected);
  expect(readdirSync(folder.path)).toEqual([]);
});

test('a link in the store leads nowhere', async () => {
  writeFileSync(at('secret'), 'secret');
  mkdirSync(at('a'));
  symlinkSync(at('secret'), at('a/link'));
  expect(await failureOf(contentOf(store, 'a/link'))).toMatchObject({ reason: 'not_found' });
  expect(await store.head('a/link')).toBeUndefined();
  expect(await keysOf(store, 'a/')).toEqual([]);
});

test('what is not there is said to be not there; removing it is no error', async () => {
  expect(await failureOf(contentOf(store, 'a/b'))).toEqual({
    reason: 'not_found',
    exit: 5,
    message: `there is no a/b in file://${folder.path}`,
  });
  expect(await store.head('a/b')).toBeUndefined();
  await store.remove('a/b');
});

test('sweep removes unfinished files of this program below the prefix, and nothing else', async () => {
  await put(store, 'a/whole', 'whole');
  const halves = [await store.upload('a/half'), await store.upload('b/half')];
  for (const half of halves) await half.write(Buffer.from('half'));
  const others = ['.note.tmp', 'x.ordersync.tmp', '.x.ordersync.tmp', 'part.tmp'];
  for (const name of others) writeFileSync(at('a', name), 'not ours');
  expect(await store.sweep('a/')).toBe(1);
  expect(readdirSync(at('a')).toSorted()).toEqual([...others, 'whole'].toSorted());
  expect(await store.sweep('')).toBe(1);
  expect(readdirSync(at('b'))).toEqual([]);
  for (const half of halves) await half.abandon();
});

test('sweep spares what was written to of late, when asked to', async () => {
  const DAY = 86_400_000;
  const halves = [await store.upload('old'), await store.upload('young')];
  for (const half of halves) await half.write(Buffer.from('half'));
  const [old = ''] = readdirSync(folder.path).filter((name) => name.startsWith('.old'));
  const then = new Date(Date.now() - DAY - 60_000);
  utimesSync(at(old), then, then);
  expect(await store.sweep('', { olderThanMs: DAY })).toBe(1);
  expect(readdirSync(folder.path)).toEqual([expect.stringMatching(/^\.young\./u)]);
  for (const half of halves) await half.abandon();
});

test('an upload whose unfinished file was swept away fails, and leaves nothing', async () => {
  const upload = await store.upload('a/half');
  await upload.write(Buffer.from('half'));
  await store.sweep('');
  expect(await failureOf(upload.finish())).toMatchObject({ reason: 'failed', exit: 3 });
  expect(readdirSync(at('a'))).toEqual([]);
});

describe('a directory that cannot be one', () => {
  test('is not made, so that a disk that is not mounted is noticed', async () => {
    expect(await failureOf(openDirectoryStore({ path: at('nowhere') }))).toEqual({
      reason: 'no_directory',
      exit: 3,
      message: `there is no directory ${at('nowhere')}`,
    });
    writeFileSync(at('file'), '');
    expect(await failureOf(openDirectoryStore({ path: at('file') }))).toMatchObject({ reason: 'no_directory' });
    expect(await failureOf(openDirectoryStore({ path: at('file/below') }))).toMatchObject({ reason: 'no_directory' });
  });

  test('has a file where a folder is needed', async () => {
    writeFileSync(at('audit_logs'), '');
    expect(await failureOf(put(store, 'audit_logs/year=2025/x', 'x'))).toMatchObject({
      reason: 'no_directory',
      exit: 3,
    });
  });
});

test('probing leaves nothing', async () => {
  await store.probe();
  expect(readdirSync(folder.path)).toEqual([]);
});

test('a file that shrinks while it is read is not taken for whole', async () => {
  await put(store, 'large', Buffer.alloc(600_000));
  const reading = store.read('large')[Symbol.asyncIterator]();
  await reading.next();
  truncateSync(at('large'), 300_000);
  const rest = async () => {
    while ((await reading.next()).done !== true);
  };
  expect(await failureOf(rest())).toEqual({
    reason: 'truncated',
    exit: 5,
    message: `large in file://${folder.path} ended after 300000 of 600000 bytes`,
  });
});
