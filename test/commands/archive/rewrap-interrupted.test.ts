import { beforeAll, describe, expect, test } from 'vitest';
import { REWRAP_POINTS } from '../../../src/domain/archive/rewrap/needs.ts';
import type { RewrapSite } from '../../support/archive/rewrap-site.ts';
import type { Running } from '../../support/program.ts';
import { useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';
import { useRewrapBucket } from './rewrap-s3-fixture.ts';

/** Enough that no run comes to the end of them: each finishes at most one. */
const MONTHS = [-9, -8, -7, -6, -5, -4, -3].map(monthFromNow);
const REMOVE = 'archive rewrap --remove-old --yes';

useBuild();

async function fill(site: RewrapSite): Promise<void> {
  await site.newKeys();
  await site.makeMonths('audit_logs', MONTHS[0] ?? '');
  for (const month of MONTHS) {
    await site.addAudit(month, 5);
    await site.leave('audit_logs', month);
  }
  await site.newKeys('pii');
}

/** What was there is there, what is signed holds, and nothing is lost. */
async function requireSound(site: RewrapSite): Promise<void> {
  expect(await site.here('archive verify --decrypt-sample 100')).toMatchObject({ code: 0 });
  expect(await site.faults()).toEqual([]);
}

/** Each run goes on where the one before was stopped, up to the next of these places. @returns how each ended */
async function interruptEverywhere(site: RewrapSite): Promise<readonly unknown[]> {
  const ended: unknown[] = [];
  for (const point of REWRAP_POINTS) {
    const ran = await site.bin(REMOVE, { ORDERSYNC_FAULT: `${point}:interrupt` });
    ended.push([point, ran.code, ran.stdout]);
    expect(ran.stderr).toContain('stopping at the next safe point; once more to stop at once');
    expect(ran.stderr).toMatch(/ordersync: interrupted by SIGINT.*\nhint: .*the same command goes on/u);
    await requireSound(site);
  }
  return ended;
}

const ALL_INTERRUPTED = REWRAP_POINTS.map((point) => [point, 130, '']);

/** @returns the exit code of the command that finishes, once everything was found as it should be */
async function finish(site: RewrapSite & { listed(): Promise<readonly string[]> }): Promise<number | undefined> {
  const { code } = await site.bin(REMOVE);
  await requireSound(site);
  expect(await site.keysInFiles()).toEqual(['pii-v2']);
  const [{ warnings }, parquet] = [
    JSON.parse((await site.here('archive verify --format json')).stdout) as { warnings: string[] },
    (await site.listed()).filter((key) => key.endsWith('.parquet')),
  ];
  expect(warnings).toEqual([]);
  expect(parquet).toHaveLength(MONTHS.length);
  expect(await site.bin(REMOVE)).toMatchObject({ code: 0, stderr: expect.stringContaining('no archive has values') });
  expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({ code: 0 });
  return code;
}

describe('Ctrl-C while a directory is rewrapped', () => {
  const site = useRewrapFolder();
  beforeAll(async () => fill(site));

  test('in the middle stops it at once, and what is there verifies', async () => {
    let stopped = Promise.resolve();
    const stop = (child: Running): void => {
      stopped = waitFor(() => child.stderr().includes('reading back from'), 'the first month is read back').then(() =>
        child.kill('SIGINT'),
      );
    };
    const ran = await site.bin(`${REMOVE} --progress json`, {}, stop);
    await stopped;
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    await requireSound(site);
  });

  test('at every step stops it there', { timeout: 120_000 }, async () => {
    expect(await interruptEverywhere(site)).toEqual(ALL_INTERRUPTED);
  });
  test('is got over by the same command', async () => {
    expect(await finish(site)).toBe(0);
  });
});

describe('Ctrl-C while a bucket is rewrapped', () => {
  const site = useRewrapBucket();
  beforeAll(async () => fill(site));

  test.each([
    ['an object is sent', 'PutObject'],
    ['an object is read', 'GetObject'],
  ] as const)('while %s and S3 does not answer stops it without waiting', async (_, operation) => {
    const before = site.contents();
    const { s3 } = site.store;
    s3.fail('hang', { operation });
    const ran = await site.interruptedWhileS3Hangs(REMOVE);
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    for (const [key, bytes] of before) expect(site.contents().get(key)).toEqual(bytes);
    await requireSound(site);
  });

  test('at every step stops it there', { timeout: 120_000 }, async () => {
    expect(await interruptEverywhere(site)).toEqual(ALL_INTERRUPTED);
  });
  test('is got over by the same command', async () => {
    expect(await finish(site)).toBe(0);
  });
});
