import { beforeAll, describe, expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapBucket } from './rewrap-s3-fixture.ts';

const MONTHS = [-4, -3].map(monthFromNow) as [string, string];
const REMOVE = 'archive rewrap --remove-old --yes';

useBuild();

type Site = ReturnType<typeof useRewrapBucket>;

async function fill(site: Site): Promise<void> {
  await site.newKeys();
  await site.makeMonths('audit_logs', MONTHS[0]);
  for (const month of MONTHS) {
    await site.addAudit(month, 12);
    await site.leave('audit_logs', month);
  }
  await site.newKeys('pii');
}

describe('a bucket that lets nobody remove some objects', () => {
  const site = useRewrapBucket();
  const stateOf = async (manifest: number) =>
    (await site.database.current.sql`select state, problem from archive_rewraps where supersedes = ${manifest}`)[0];

  beforeAll(async () => {
    await fill(site);
    const kept = site.filesOf(1);
    site.store.bucket.keeps = (key) => kept.some((file) => key.endsWith(file));
  });

  test('keeps them, which is told with its words; the files of the other months go', async () => {
    const [file = ''] = site.filesOf(1);
    const ran = await site.bin(REMOVE);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain(
      `1 of 1 old files of audit_logs ${MONTHS[0]} stay: s3://archive/shop refuses to remove`,
    );
    expect(ran.stderr).toContain(`${file}: User: arn:aws:iam::111122223333:user/x is not authorized to perform`);
    expect(ran.stderr).toContain('1 old file removed after their rows were proven elsewhere');
    expect(ran.stderr).toContain('the files of 1 superseded manifest are kept, and their keys needed');
    expect(await site.listed()).toContain(file);
    for (const gone of site.filesOf(2)) expect(await site.listed()).not.toContain(gone);
    expect(await stateOf(1)).toMatchObject({
      state: 'removing',
      problem: expect.stringContaining('refuses to remove'),
    });
    expect(await stateOf(2)).toEqual({ state: 'removed', problem: null });
  });

  test('has lost nothing by that, and is as it was signed', async () => {
    expect(await site.bin('archive verify --decrypt-sample 100')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
    expect(await site.keysInFiles()).toEqual(['pii-v2']);
  });

  test('is told the same by a second run, which changes nothing; without the removal there is nothing to do', async () => {
    const before = site.contents();
    const ran = await site.bin(`${REMOVE} --format json`);
    expect(ran.code).toBe(6);
    const { data } = JSON.parse(ran.stdout) as { data: unknown[] };
    expect(data).toMatchObject([
      { manifest: 1, state: 'failed', problem: expect.stringContaining('1 of 1 old files') },
      { manifest: 1, state: 'old files kept', new_manifest: 3 },
    ]);
    expect(await site.bin('archive rewrap')).toMatchObject({ code: 0 });
    expect(site.contents()).toEqual(before);
  });

  test('needs their key for as long', async () => {
    expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/manifest 1 \(audit_logs .*archive rewrap --from-key pii-v1 --remove-old/su),
    });
  });

  test('lets them go when their time is over, and the run after that finds nothing to do', async () => {
    site.store.bucket.keeps = () => false;
    expect(await site.bin(REMOVE)).toMatchObject({ code: 0, stderr: expect.stringContaining('1 old file removed') });
    expect(await stateOf(1)).toEqual({ state: 'removed', problem: null });
    const before = site.contents();
    expect(await site.bin(REMOVE)).toMatchObject({ code: 0, stderr: expect.stringContaining('no archive has values') });
    expect(site.contents()).toEqual(before);
    expect(await site.faults()).toEqual([]);
    expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({ code: 0 });
    expect(await site.bin('archive verify --decrypt-sample 100')).toMatchObject({ code: 0 });
  });

  test('does not stand in the way of a rewrap that was broken off', async () => {
    await site.newKeys('pii');
    const killed = await site.bin('archive rewrap', { ORDERSYNC_FAULT: 'rewrap-mid-write:kill' });
    expect(killed.code).toBeUndefined();
    site.store.bucket.keeps = () => true;
    const ran = await site.bin('archive rewrap');
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(
      /s3:\/\/archive\/shop refuses to remove 1 file of a rewrap of audit_logs \S+ that was not completed\n  \S+\.parquet: User: arn/u,
    );
    expect(ran.stderr).toMatch(/warning: \S+\.parquet is part of no archive, and the store keeps it/u);
    expect(await site.keysInFiles()).toEqual(['pii-v3']);
    expect(await site.faults()).toEqual([]);
    const verified = await site.here('archive verify --format json');
    expect(verified.code).toBe(0);
    expect((JSON.parse(verified.stdout) as { warnings: string[] }).warnings).toEqual([
      expect.stringContaining('no manifest names'),
    ]);
  });
});

describe('a bucket with Object Lock', () => {
  const site = useRewrapBucket({ objectLock: true });
  beforeAll(async () => fill(site));

  test('hides what is removed, and that its versions are still there is told', async () => {
    const old = [1, 2].flatMap((manifest) => site.filesOf(manifest));
    const ran = await site.bin(REMOVE);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('2 old files removed after their rows were proven elsewhere');
    expect(ran.stderr).toContain('2 of them can still be had as older versions (versioning or Object Lock)');
    const hidden = site.store.bucket.hidden.map(({ key }) => key.replace('shop/', ''));
    expect(hidden).toEqual(expect.arrayContaining(old));
  });

  test('is as it was signed, and the second run finds nothing to do', async () => {
    const before = site.contents();
    expect(await site.bin(REMOVE)).toMatchObject({ code: 0, stderr: expect.stringContaining('no archive has values') });
    expect(site.contents()).toEqual(before);
    expect(await site.bin('archive verify --decrypt-sample 100')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
    expect(await site.keysInFiles()).toEqual(['pii-v2']);
  });
});
