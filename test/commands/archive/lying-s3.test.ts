import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { bucketReader } from '../../chaos/archive/readers.ts';
import { createShadow } from '../../chaos/archive/shadow.ts';
import { environmentOf } from '../../store/s3/fixture.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import type { Bucket, Lie } from '../../support/s3/bucket.ts';
import type { FakeS3 } from '../../support/s3/server.ts';
import { startS3 } from '../../support/s3/server.ts';
import { useArchiveCommands } from './fixture.ts';

const MONTH = monthsAgo(7);
const LOCATION = 's3://archive/shop';
/** Each lie has a month of its own. */
const LIES: readonly [string, NonNullable<Lie>, string][] = [
  ['keeps other bytes', 'one-bit', monthsAgo(10)],
  ['keeps only the beginning', 'shorter', monthsAgo(9)],
  ['loses the object', 'nothing', monthsAgo(8)],
];
const PARQUET = /\.parquet$/;
const MANIFEST = /\/manifests\/\d+\.json$/;

useBuild();

describe('an S3 that answers 200 to archive run', () => {
  const commands = useArchiveCommands();
  const superuser = () => commands.database.current.sql;
  let s3: FakeS3;
  let bucket: Bucket;

  const archive = async (words: string, more: Readonly<Record<string, string>> = {}) => {
    const manners = words.startsWith('run') ? ['--lock-timeout', '5s', '--yes'] : [];
    return runProgram(['archive', ...words.split(' '), ...manners], {
      env: {
        ...commands.env(),
        ...environmentOf(s3),
        ORDERSYNC_ARCHIVE: LOCATION,
        ORDERSYNC_S3_ENDPOINT: s3.url,
        ...more,
      },
    });
  };
  const reader = () => bucketReader(bucket, 'shop/');
  const violations = async () => (await checkArchive(superuser(), reader(), { finished: false })).violations;
  /** Keys of the files of the last month, which no lie was told about. */
  const filesOf = async (table: string) => {
    const folder = `${table}/year=${MONTH.slice(0, 4)}/month=${MONTH.slice(5)}/`;
    return (await reader().list()).filter((key) => key.startsWith(folder));
  };
  const lie = (what: Lie, about: RegExp): void => {
    bucket.lie = what;
    bucket.liesAbout = (key) => about.test(key);
  };
  /** What of a month is in the database, and how far its archive is. */
  const standing = async (table: string, month: string) => {
    const partition = `${table}_y${month.replace('-', 'm')}`;
    const [found] = await superuser()<{ partition: boolean; state: string | null; problem: boolean | null }[]>`
      select to_regclass(${partition}) is not null as partition, state, problem is not null as problem
      from (select) one left join archive_journal on source_table = ${table} and month = ${month}`;
    const rows = found!.partition ? await superuser()`select from ${superuser()(partition)}` : [];
    return { ...found, rows: rows.length };
  };
  const head = async () => (await superuser()`select sequence, digest from archive_head`)[0];

  beforeAll(async () => {
    s3 = await startS3();
    bucket = s3.bucket('archive');
    await fillMonths(commands.sql(), { months: [...LIES.map(([, , month]) => month), MONTH], rows: 40 });
    await createShadow(superuser());
  });
  afterEach(() => {
    bucket.lie = undefined;
    bucket.staleListing = undefined;
  });
  afterAll(async () => s3.close());

  describe.each(LIES)('and %s', (_, what, month) => {
    test('is found out with its public key already, before a row is read', async () => {
      for (const key of bucket.objects.keys()) if (key.endsWith('.pem')) bucket.objects.delete(key);
      lie(what, /\.pem$/);
      const { code, stderr } = await archive(`run --month ${month} --table audit_logs`);
      expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('is not the public key of') });
      expect(await standing('audit_logs', month)).toEqual({ rows: 40, partition: true, state: null, problem: false });
      for (const key of bucket.objects.keys()) if (key.endsWith('.pem')) bucket.objects.delete(key);
    });

    test('of a file is found out when it is read back: nothing is signed, nothing leaves', async () => {
      const before = await head();
      lie(what, PARQUET);
      const { code, stderr } = await archive(`run --month ${month} --table audit_logs`);
      expect({ code, stderr }).toMatchObject({
        code: 5,
        stderr: expect.stringContaining(`${LOCATION} does not give back what was sent: audit_logs`),
      });
      expect(stderr).toContain('part-00000-');
      expect(stderr).toContain('nothing was dropped');
      expect(await standing('audit_logs', month)).toEqual({
        rows: 40,
        partition: true,
        state: 'planned',
        problem: true,
      });
      expect(await head()).toEqual(before);
    });

    test('of a file of dependants is found out as well: none of them is deleted', async () => {
      const before = await head();
      lie(what, /\/payment_events\/.*\.parquet$/);
      const { code, stderr } = await archive(`run --month ${month} --table payments`);
      expect({ code, stderr }).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('does not give back what was sent: payment_events'),
      });
      expect(await standing('payments', month)).toMatchObject({ partition: true, state: 'planned', problem: true });
      expect(await head()).toEqual(before);
      expect(await violations()).toEqual([]);
    });

    test('of a manifest is found out before the database knows of it, and is put aside by the next run', async () => {
      const before = await head();
      lie(what, MANIFEST);
      const { code, stderr } = await archive(`run --month ${month} --table audit_logs`);
      expect({ code, stderr }).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('does not give back the manifest that was sent'),
      });
      expect(await standing('audit_logs', month)).toMatchObject({ rows: 40, partition: true, state: 'exported' });
      expect(await head()).toEqual(before);
      bucket.lie = undefined;
      expect(await archive(`run --month ${month} --table audit_logs`)).toMatchObject({ code: 0 });
      expect(await standing('audit_logs', month)).toMatchObject({ partition: false, state: 'dropped', problem: false });
      expect(await violations()).toEqual([]);
    });
  });

  test('and lists what it had a while ago: months leave as proven as ever, and no file is taken for another', async () => {
    bucket.staleListing = new Map(bucket.objects);
    const killed = await archive(`run --month ${MONTH} --table notification_logs`, {
      ORDERSYNC_FAULT: 'archive-mid-export:kill',
    });
    expect(killed.code).toBeUndefined();
    const [stray] = await filesOf('notification_logs');
    expect(await archive(`run --month ${MONTH} --table notification_logs`)).toMatchObject({ code: 0 });
    expect(await standing('notification_logs', MONTH)).toMatchObject({ rows: 0, state: 'dropped' });
    // The file of the killed run was not listed, and so it stays; that is all.
    expect(await violations()).toEqual([`a file that nobody knows of: ${stray}`]);
    bucket.staleListing = undefined;
    expect(await archive('verify')).toMatchObject({ code: 0, stderr: expect.stringContaining(`${stray} (`) });
    bucket.objects.delete(`shop/${stray}`);
  });

  test('and loses a file after it was proven: the month stays, and the next run exports it anew', async () => {
    expect(await archive(`run --month ${MONTH} --table audit_logs --keep`)).toMatchObject({ code: 0 });
    const [file] = await filesOf('audit_logs');
    bucket.objects.delete(`shop/${file}`);
    const { code, stderr } = await archive(`run --month ${MONTH} --table audit_logs`);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining(`there is no ${file}`) });
    expect(stderr).toContain('it exports the month anew');
    expect(await standing('audit_logs', MONTH)).toMatchObject({
      rows: 40,
      partition: true,
      state: 'planned',
      problem: true,
    });
    expect(await archive(`run --month ${MONTH} --table audit_logs`)).toMatchObject({ code: 0 });
    expect(await standing('audit_logs', MONTH)).toMatchObject({
      rows: 0,
      partition: false,
      state: 'dropped',
      problem: false,
    });
    // The manifest that names the lost file stays in the chain, and verify says what is wrong with it.
    expect(await violations()).toEqual([`${file} is not what its manifest says`]);
    expect(await archive('verify')).toMatchObject({ code: 5, stdout: expect.stringContaining('missing_file') });
  });

  test('and loses a file when rows of it have left: no more leave until it is back', async () => {
    const left = await archive(`run --month ${MONTH} --table payments`, {
      ORDERSYNC_FAULT: 'archive-detached:throw',
    });
    expect(left).toMatchObject({ code: 6 });
    const [file] = await filesOf('payment_events');
    const object = bucket.objects.get(`shop/${file}`)!;
    bucket.objects.delete(`shop/${file}`);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { code, stderr } = await archive(`run --month ${MONTH} --table payments`);
      expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('from another copy') });
      const [kept] = await superuser()`
        select state, leaving from archive_journal where source_table = 'payments' and month = ${MONTH}`;
      expect(kept).toEqual({ state: 'detached', leaving: true });
    }
    bucket.objects.set(`shop/${file}`, object);
    expect(await archive(`run --month ${MONTH} --table payments`)).toMatchObject({ code: 0 });
    expect((await violations()).filter((violation) => !violation.startsWith('audit_logs/'))).toEqual([]);
  });
});
