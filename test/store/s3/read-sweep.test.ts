import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { contentOf, failureOf, put } from '../fixture.ts';
import { useS3 } from './fixture.ts';

const env = useS3();
const MIB = 1024 * 1024;

describe('reading', () => {
  test('goes on where the connection broke', async () => {
    const bytes = randomBytes(3 * MIB);
    await put(env.store, 'large', bytes);
    env.s3.fail('truncate', { operation: 'GetObject', times: 2 });
    expect((await contentOf(env.store, 'large')).equals(bytes)).toBe(true);
    env.s3.fail('truncate', { operation: 'GetObject' });
    expect(
      (await contentOf(env.store, 'large', { offset: 5, length: 2 * MIB })).equals(bytes.subarray(5, 2 * MIB + 5)),
    ).toBe(true);
  });

  test('never mixes two objects when the first one is replaced meanwhile', async () => {
    await put(env.store, 'large', randomBytes(3 * MIB));
    env.s3.fail('truncate', { operation: 'GetObject' });
    const reading = env.store.read('large')[Symbol.asyncIterator]();
    await reading.next();
    await put(env.store, 'large', randomBytes(3 * MIB));
    const rest = async () => {
      while ((await reading.next()).done !== true);
    };
    expect(await failureOf(rest())).toEqual({
      reason: 'changed_on_the_way',
      exit: 5,
      message: 'large in s3://archive/shop/prod was replaced while it was read',
    });
  });

  test('beyond the end is told, not answered with less', async () => {
    await put(env.store, 'short', '0123456789');
    expect(await failureOf(contentOf(env.store, 'short', { offset: 5, length: 6 }))).toMatchObject({
      reason: 'truncated',
      exit: 5,
    });
    expect(await failureOf(contentOf(env.store, 'short', { offset: 10, length: 1 }))).toMatchObject({
      reason: 'truncated',
      exit: 5,
    });
    expect((await contentOf(env.store, 'short', { offset: 5, length: 0 })).length).toBe(0);
  });

  test('what was moved to cold storage is told apart from what is gone', async () => {
    await put(env.store, 'cold', 'x');
    const cold = env.bucket.objects.get('shop/prod/cold');
    if (cold !== undefined) cold.storageClass = 'GLACIER';
    expect(await failureOf(contentOf(env.store, 'cold'))).toEqual({
      reason: 'frozen',
      exit: 4,
      message: 'cold in s3://archive/shop/prod was moved to a storage class that is not read at once',
    });
  });
});

async function leaveOpen(key: string, ageMs: number): Promise<void> {
  await (await env.store.upload(key)).write(randomBytes(9 * MIB));
  const upload = [...env.bucket.uploads.values()].find((open) => open.key === `shop/prod/${key}`);
  if (upload !== undefined) upload.initiated = new Date(Date.now() - ageMs);
}

describe('sweeping', () => {
  const DAY = 86_400_000;

  test('aborts unfinished uploads below the prefix, over many pages, and no others', async () => {
    env.s3.pageSize = 1;
    for (const key of ['audit_logs/a', 'audit_logs/b', 'audit_logs/c', 'orders/a']) await leaveOpen(key, 0);
    expect(await env.store.sweep('audit_logs/')).toBe(3);
    expect([...env.bucket.uploads.values()].map(({ key }) => key)).toEqual(['shop/prod/orders/a']);
  });

  test('spares young ones when asked to', async () => {
    await leaveOpen('old', DAY + 60_000);
    await leaveOpen('young', DAY - 60_000);
    expect(await env.store.sweep('', { olderThanMs: DAY })).toBe(1);
    expect([...env.bucket.uploads.values()].map(({ key }) => key)).toEqual(['shop/prod/young']);
  });
});
