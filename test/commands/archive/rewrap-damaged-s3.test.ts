import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapBucket } from './rewrap-s3-fixture.ts';

const [MONTH, LATER] = [monthFromNow(-3), monthFromNow(-2)] as [string, string];
const REWRAP = `archive rewrap --month ${MONTH}`;
const PLACES: readonly [string, number][] = [
  ['at the beginning', 0],
  ['in the middle', 0.5],
  ['in the footer', 0.97],
  ['at the end', 1],
];

// What is archived here is not compressed: no checksum of a page then finds out before a value is looked at.
vi.mock('../../../src/domain/archive/parquet/compression.ts', async (original) => ({
  ...(await original<typeof import('../../../src/domain/archive/parquet/compression.ts')>()),
  DEFAULT_CODEC: 'none',
}));

useBuild();

describe('a damaged object in S3', () => {
  const site = useRewrapBucket();
  let before: ReadonlyMap<string, Buffer>;
  let undo: (() => void) | undefined;

  const flip = (key: string, at: number): void => {
    site.flipByte(key, at);
    undo = () => site.flipByte(key, at);
  };

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTH);
    for (const month of [MONTH, LATER]) {
      await site.addAudit(month, 30);
      await site.leave('audit_logs', month);
    }
    await site.newKeys('pii');
    before = site.contents();
  });
  afterEach(() => {
    site.store.bucket.lie = undefined;
    undo?.();
    undo = undefined;
  });

  test.each(PLACES)('is refused and named when a byte of it was flipped %s', async (_, at) => {
    const [file = ''] = site.filesOf(1);
    flip(file, at);
    const damaged = site.contents();
    const ran = await site.bin(`${REWRAP} --remove-old --yes`);
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(file) });
    expect(site.contents()).toEqual(damaged);
    expect(await site.states()).toContainEqual([1, 'other_bytes', file]);
  });

  test('is told from a value that cannot be decrypted, although that is how it is met', async () => {
    const [file = ''] = site.filesOf(1);
    const { bytes } = site.objectOf(file);
    // In the ciphertext, behind prefix, kid and nonce.
    flip(file, (bytes.indexOf('os1_') + 40) / (bytes.length - 1));
    const damaged = site.contents();
    const ran = await site.bin(`${REWRAP} --remove-old --yes`);
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(`${file} is not what its manifest says`) });
    expect(site.contents()).toEqual(damaged);
  });

  test.each([1, 2])('is refused and named when it is manifest %i', async (sequence) => {
    const key = `manifests/00000000${sequence}.json`;
    flip(key, 0.5);
    const damaged = site.contents();
    const ran = await site.bin(`${REWRAP} --remove-old --yes`);
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(`${key} `) });
    expect(site.contents()).toEqual(damaged);
  });

  test('that was sent whole is found out when it is read back: nothing stands for the old one', async () => {
    site.store.bucket.lie = 'one-bit';
    site.store.bucket.liesAbout = (key) => key.endsWith('.parquet');
    const ran = await site.bin(`${REWRAP} --remove-old --yes`);
    const [file = ''] = (await site.listed()).filter((key) => key.endsWith('.parquet') && !before.has(`shop/${key}`));
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(file) });
    expect(file).not.toBe('');
    for (const [key, bytes] of before) expect(site.contents().get(key)).toEqual(bytes);
    expect(await site.states()).toEqual([
      [1, 'proven'],
      [2, 'proven'],
    ]);
  });

  test('and is nothing that the next run does not get over', async () => {
    expect(await site.bin(REWRAP)).toMatchObject({ code: 0, stderr: expect.stringContaining('removed 1 file of') });
    const parquet = (await site.listed()).filter((key) => key.endsWith('.parquet'));
    expect(parquet.toSorted()).toEqual([1, 2, 3].flatMap((manifest) => site.filesOf(manifest)).toSorted());
    expect(await site.faults()).toEqual([]);
  });

  test('among the new ones keeps the old ones from being removed', async () => {
    const [file = ''] = site.filesOf(3);
    flip(file, 0.5);
    const damaged = site.contents();
    const ran = await site.bin(`${REWRAP} --remove-old --yes`);
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(file) });
    expect(site.contents()).toEqual(damaged);
    undo?.();
    undo = undefined;
    expect(await site.bin(`${REWRAP} --remove-old --yes`)).toMatchObject({ code: 0 });
    expect(await site.states()).toEqual([
      [1, 'superseded'],
      [2, 'proven'],
      [3, 'proven'],
    ]);
    expect(await site.faults()).toEqual([]);
  });
});
