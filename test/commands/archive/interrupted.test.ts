import { beforeAll, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../../src/domain/archive/run/needs.ts';
import { useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { sideName } from './read-fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';
import { useRewrapBucket } from './rewrap-s3-fixture.ts';

const MONTHS = [-8, -7, -6, -5, -4, -3].map(monthFromNow);
const RUN = 'archive run --older-than 2 months --table audit_logs --lock-timeout 5s --yes';
/** Those that a month without dependants comes to. */
const POINTS = FAULT_POINTS.filter((point) => point !== 'archive-leaving');
const STOPPING = 'stopping at the next safe point; once more to stop at once';

useBuild();

describe('Ctrl-C while months are archived', () => {
  const site = useRewrapFolder();
  const finished: number[] = [];

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTHS[0]!);
    for (const month of MONTHS) await site.addAudit(month, 5);
  });

  test.each(POINTS)('at %s stops it there, tells what is done and how it goes on', async (point) => {
    const ran = await site.bin(RUN, { ORDERSYNC_FAULT: `${point}:interrupt` });
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(ran.stderr).toContain(STOPPING);
    const [, months] = /ordersync: interrupted by SIGINT; months finished: (\d)\n/u.exec(ran.stderr) ?? [];
    finished.push(Number(months));
    const lines = [...ran.stderr.matchAll(/^ *audit_logs (\S+): (dropped|.*, not finished)$/gmu)];
    const journal = await site.rows('archive list');
    const stateOf = (month: string | undefined) => journal.find((row) => row['month'] === month)?.['state'];
    expect(lines.filter(([, , state]) => state === 'dropped')).toHaveLength(Number(months));
    for (const [, month, state] of lines) expect(state?.replace(', not finished', '')).toBe(stateOf(month));
    expect(ran.stderr).toMatch(/hint: what was finished stays, and the same command goes on; ordersync archive list/u);
  });

  test('is got over by the same command', async () => {
    expect(await site.bin(RUN)).toMatchObject({ code: 0 });
    expect((await site.rows('archive list')).map(({ state }) => state)).toEqual(MONTHS.map(() => 'dropped'));
    expect(finished.some((months) => months > 0)).toBe(true);
    expect(await site.here('archive verify --decrypt-sample 10')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
  });
});

describe('Ctrl-C while an archive is read', () => {
  const site = useRewrapBucket();
  const months = MONTHS.slice(0, 3);

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', months[0]!);
    await site.makeMonths('payments', months[0]!);
    for (const month of months) {
      await site.addAudit(month, 5);
      await site.leave('audit_logs', month);
    }
    await site.addPayment(months[0]!);
    await site.leave('payments', months[0]!);
  });

  /** Interrupted while S3 does not answer the request after the one that first asks for a file of a manifest. */
  async function interruptAfter(manifest: number, words: string | readonly string[]) {
    const { s3, bucket } = site.store;
    const [file = ''] = site.filesOf(manifest);
    const get = bucket.objects.get.bind(bucket.objects);
    bucket.objects.get = (key) => {
      if (key.endsWith(file)) {
        delete (bucket.objects as { get?: unknown }).get;
        s3.fail('hang', { operation: 'GetObject' });
      }
      return get(key);
    };
    const ran = await site.interruptedWhileS3Hangs(words);
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(ran.stderr).toContain(STOPPING);
    return ran.stderr;
  }

  test('verify tells how much it has looked at', async () => {
    const said = await interruptAfter(2, 'archive verify');
    expect(said).toMatch(
      /SIGINT; the files of 1 of 4 manifests were looked at, and nothing is wrong with these\nhint: nob/u,
    );
  });

  test('and what it has found', async () => {
    const [file = ''] = site.filesOf(1);
    site.flipByte(file, 0.5);
    const said = await interruptAfter(2, 'archive verify');
    site.flipByte(file, 0.5);
    expect(said).toContain('1 of 4 manifests were looked at, and the archive is not as it was signed');
    expect(said).toMatch(new RegExp(`^ *${file}: .*`, 'mu'));
  });

  test('query says that there is no answer', async () => {
    const said = await interruptAfter(1, ['archive', 'query', 'select count(*) from audit_logs']);
    expect(said).toMatch(/ordersync: interrupted by SIGINT; the question has no answer\nhint: ask again/u);
  });

  test('query says so too when DuckDB is at work already', async () => {
    const endless = 'select sum(a.range * b.range) from range(100000000) a, range(1000000) b, audit_logs';
    let stopped = Promise.resolve();
    const ran = await site.bin(['archive', 'query', endless, '--progress', 'json'], {}, (child) => {
      stopped = waitFor(() => child.stderr().includes('asking 3 files'), 'DuckDB asks').then(() =>
        child.kill('SIGINT'),
      );
    });
    await stopped;
    expect(ran).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('the question has no answer') });
  });

  test('restore says that nothing is back, or what is', async () => {
    const words = `archive restore --table payments --month ${months[0]}`;
    expect(await interruptAfter(4, words)).toMatch(
      /interrupted by SIGINT; nothing was restored\nhint: the same command/u,
    );
    const ran = await site.bin(words, { ORDERSYNC_FAULT: 'restore-loaded@2:interrupt' });
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(ran.stderr).toContain(`interrupted by SIGINT; the restoration of payments ${months[0]} is not finished\n`);
    const back = [...ran.stderr.matchAll(/^ *\w+: back and proven in (\w+)$/gmu)].map(([, name = '']) => name);
    expect(back).toHaveLength(2);
    const tables = await site.database.current.sql`
      select relname as name from pg_class where relname like '%restored%' and relkind = 'r' order by relname`;
    expect(tables.map(({ name }) => name as string)).toEqual(back.toSorted());
    expect(ran.stderr).toContain('hint: the same command goes on: what is back is proven once more and kept');
    const done = await site.bin(words);
    expect(done).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(sideName('payment_order_keys', months[0]!)),
    });
  });
});
