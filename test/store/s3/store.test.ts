import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readBackEquals } from '../../../src/store/read-back.ts';
import type { Lie } from '../../support/s3/bucket.ts';
import { contentOf, failureOf, keysOf, put } from '../fixture.ts';
import { useS3 } from './fixture.ts';

const env = useS3();
const MIB = 1024 * 1024;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('a small object goes in one request, below the prefix, and comes back', async () => {
  const sent = await put(env.store, 'audit_logs/year=2025/part-00000.parquet', 'content');
  expect(sent).toEqual({
    key: 'audit_logs/year=2025/part-00000.parquet',
    bytes: 7,
    sha256: sha256(Buffer.from('content')),
  });
  expect([...env.bucket.objects.keys()]).toEqual(['shop/prod/audit_logs/year=2025/part-00000.parquet']);
  expect(env.s3.calls.map(({ operation }) => operation)).toEqual(['PutObject']);
  expect((await contentOf(env.store, sent.key)).toString()).toBe('content');
  expect(await env.store.head(sent.key)).toEqual({ key: sent.key, bytes: 7 });
  expect(await readBackEquals(env.store, sent)).toBe(true);
  expect(env.store.location).toBe('s3://archive/shop/prod');
});

test('an empty object, and a store without a prefix', async () => {
  const { store } = env.open({ prefix: '' });
  const sent = await put(store, 'empty', '');
  expect(await readBackEquals(store, sent)).toBe(true);
  expect([...env.bucket.objects.keys()]).toEqual(['empty']);
  expect(store.location).toBe('s3://archive');
});

test('a large object goes in parts of 8 MiB with their digests, and is seen only when it is whole', async () => {
  const bytes = randomBytes(36 * MIB + 5);
  const upload = await env.store.upload('large');
  for (let done = 0; done < bytes.length; done += 777_777) {
    const piece = Buffer.from(bytes.subarray(done, done + 777_777));
    await upload.write(piece);
    piece.fill(0); // the buffer is the caller's again
  }
  expect(await keysOf(env.store)).toEqual([]);
  const sent = await upload.finish();
  expect(sent).toEqual({ key: 'large', bytes: bytes.length, sha256: sha256(bytes) });
  expect((await contentOf(env.store, 'large')).equals(bytes)).toBe(true);
  const parts = env.s3.calls.filter(({ operation }) => operation === 'UploadPart');
  const lengths = parts.map((part) => part.bytes).toSorted((one, two) => two - one);
  expect(lengths).toEqual([8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB, 4 * MIB + 5]);
  expect(env.bucket.objects.get('shop/prod/large')?.checksum).toMatch(/-5$/u);
  expect(env.bucket.uploads.size).toBe(0);
  expect(
    (await contentOf(env.store, 'large', { offset: 8 * MIB - 3, length: 7 })).equals(
      bytes.subarray(8 * MIB - 3, 8 * MIB + 4),
    ),
  ).toBe(true);
});

test.each([8 * MIB + 1, 16 * MIB])('an object of %i bytes, at the edge of a part', async (length) => {
  const bytes = randomBytes(length);
  const sent = await put(env.store, 'edge', bytes);
  expect(await readBackEquals(env.store, sent)).toBe(true);
});

describe.each([
  ['small', 10],
  ['large', 9 * MIB],
])('with ifAbsent a %s object', (_, length) => {
  test('is never replaced', async () => {
    const [first, second] = [randomBytes(length), randomBytes(length)];
    await put(env.store, 'one', first, { ifAbsent: true });
    expect(await failureOf(put(env.store, 'one', second, { ifAbsent: true }))).toEqual({
      reason: 'already_exists',
      exit: 4,
      message: 'there is already a one in s3://archive/shop/prod',
    });
    expect((await contentOf(env.store, 'one')).equals(first)).toBe(true);
    expect(env.bucket.uploads.size).toBe(0);
  });

  test('is not replaced by one that began at the same time, which the store itself refuses', async () => {
    const [one, two] = await Promise.all([
      env.store.upload('one', { ifAbsent: true }),
      env.store.upload('one', { ifAbsent: true }),
    ]);
    for (const upload of [one, two]) await upload.write(randomBytes(length));
    const results = await Promise.allSettled([one.finish(), two.finish()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(env.bucket.uploads.size).toBe(0);
  });

  test('is not replaced where the store takes no notice of the condition', async () => {
    env.s3.conditional = 'ignored';
    const first = randomBytes(length);
    await put(env.store, 'one', first, { ifAbsent: true });
    expect(await failureOf(put(env.store, 'one', randomBytes(length), { ifAbsent: true }))).toMatchObject({
      reason: 'already_exists',
    });
    expect((await contentOf(env.store, 'one')).equals(first)).toBe(true);
  });

  test('is stored once although the answer to the first attempt was lost', async () => {
    const operation = length > MIB ? 'CompleteMultipartUpload' : 'PutObject';
    env.s3.fail('lost-answer', { operation });
    const sent = await put(env.store, 'one', randomBytes(length), { ifAbsent: true });
    expect(await readBackEquals(env.store, sent)).toBe(true);
    expect(env.s3.calls.filter((call) => call.operation === operation)).toHaveLength(2);
  });
});

test('a store that cannot do conditions at all is named', async () => {
  env.s3.conditional = 'refused';
  expect(await failureOf(put(env.store, 'one', 'x', { ifAbsent: true }))).toEqual({
    reason: 'unsupported',
    exit: 3,
    message: 'the store of the bucket archive cannot do PutObject (NotImplemented)',
  });
});

test('an abandoned upload aborts its parts, also after an interrupt', async () => {
  const aborted = new AbortController();
  const { store } = env.open({}, aborted.signal);
  const upload = await store.upload('large');
  await upload.write(randomBytes(9 * MIB));
  expect(env.bucket.uploads.size).toBe(1);
  aborted.abort(new Error('interrupted'));
  await expect(upload.finish()).rejects.toThrow('interrupted');
  expect(env.bucket.uploads.size).toBe(0);
  await upload.abandon();
  expect(env.bucket.objects.size).toBe(0);
});

test('an upload that fails leaves no parts behind', async () => {
  env.s3.fail('expired-token', { operation: 'UploadPart' });
  expect(await failureOf(put(env.store, 'large', randomBytes(17 * MIB)))).toMatchObject({ reason: 'bad_credentials' });
  expect([env.bucket.uploads.size, env.bucket.objects.size]).toEqual([0, 0]);
});

test('a part that arrives changed is sent again', async () => {
  env.s3.fail('bad-digest', { operation: 'UploadPart' });
  const sent = await put(env.store, 'large', randomBytes(9 * MIB));
  expect(await readBackEquals(env.store, sent)).toBe(true);
  expect(env.pauses).toHaveLength(1);
});

test('what is not there is said to be not there; removing it is no error', async () => {
  expect(await failureOf(contentOf(env.store, 'nothing'))).toEqual({
    reason: 'not_found',
    exit: 5,
    message: 'there is no nothing in s3://archive/shop/prod',
  });
  expect(await env.store.head('nothing')).toBeUndefined();
  await put(env.store, 'something', 'x');
  await env.store.remove('something');
  await env.store.remove('something');
  expect(env.bucket.objects.size).toBe(0);
});

test('keys that no object of this program has are refused before anything is sent', async () => {
  for (const key of ['../x', '/x', 'a//b', ''])
    expect(await failureOf(put(env.store, key, 'x'))).toMatchObject({ reason: 'unusable_key', exit: 2 });
  expect(env.s3.calls).toEqual([]);
});

test('objects are listed over many pages, in the order of their keys, without those outside the prefix', async () => {
  env.s3.pageSize = 3;
  const keys = Array.from({ length: 10 }, (_, index) => `audit_logs/part-${String(index).padStart(5, '0')}`);
  for (const key of ['head.json', ...keys.toReversed()]) await put(env.store, key, key);
  await put(env.open({ prefix: 'shop/prod2' }).store, 'audit_logs/other', 'x');
  env.bucket.objects.set('shop/prod/audit_logs/', {
    ...env.bucket.objects.values().next().value!,
    bytes: Buffer.alloc(0),
  });
  expect(await keysOf(env.store, 'audit_logs/part-')).toEqual(keys);
  expect(await keysOf(env.store, 'nothing/')).toEqual([]);
  expect(env.s3.count('ListObjectsV2')).toBe(5);
});

test.each<NonNullable<Lie>>(['one-bit', 'shorter', 'nothing'])(
  'a store that answers 200 and keeps something else (%s) is caught by reading back',
  async (lie) => {
    env.bucket.lie = lie;
    expect(await readBackEquals(env.store, await put(env.store, 'small', 'a small object'))).toBe(false);
    expect(await readBackEquals(env.store, await put(env.store, 'large', randomBytes(9 * MIB)))).toBe(false);
  },
);

test('probing asks for the rights of an upload and leaves nothing', async () => {
  await env.store.probe();
  expect([env.bucket.uploads.size, env.bucket.objects.size]).toEqual([0, 0]);
  expect(env.s3.calls.map(({ operation }) => operation)).toEqual(['CreateMultipartUpload', 'AbortMultipartUpload']);
});
