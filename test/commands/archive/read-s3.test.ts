import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { monthFromNow } from '../partition/fixture.ts';
import { environmentOf, setAwsEnvironment } from '../../store/s3/fixture.ts';
import type { Bucket } from '../../support/s3/bucket.ts';
import type { FakeS3 } from '../../support/s3/server.ts';
import { startS3 } from '../../support/s3/server.ts';
import { addAuditMonth, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const MONTHS = [-4, -3, -2].map(monthFromNow);
const PREFIX = 'shop/';
const manifest = (sequence: number) => `manifests/00000000${sequence}.json`;

describe('an archive in S3', () => {
  const commands = useReadCommands();
  let s3: FakeS3;
  let bucket: Bucket;
  let forgetEnvironment: () => void;
  /** Bytes of every object as they were archived. */
  let archived: ReadonlyMap<string, Buffer>;

  const place = () => ['--endpoint', s3.url];
  const from = () => ['--from', 's3://archive/shop', ...place()];
  const set = (key: string, bytes: Buffer | undefined) => {
    const object = bucket.objects.get(PREFIX + key);
    if (bytes === undefined) bucket.objects.delete(PREFIX + key);
    else if (object !== undefined) object.bytes = bytes;
  };
  const bytesOf = (key: string) => archived.get(PREFIX + key) ?? Buffer.alloc(0);
  const fileOf = (sequence: number) => {
    const signed = JSON.parse(bytesOf(manifest(sequence)).toString()) as {
      manifest: { sources: { files: { key: string }[] }[] };
    };
    return signed.manifest.sources[0]!.files[0]!.key;
  };
  const faults = async () => {
    const ran = await commands.archive(['verify', ...from(), '--format', 'json']);
    if (ran.stdout === '') throw new Error(ran.stderr);
    const { data } = JSON.parse(ran.stdout) as { data: Record<string, unknown>[] };
    const wrong = data.filter(({ state }) => state !== 'proven');
    expect(ran.code).toBe(wrong.length === 0 ? 0 : 5);
    return wrong.map(({ manifest: sequence, state, place: where }) => [sequence, state, where]);
  };

  beforeAll(async () => {
    s3 = await startS3();
    bucket = s3.bucket('archive');
    forgetEnvironment = setAwsEnvironment(environmentOf(s3));
    await makeMonths(commands, 'audit_logs', MONTHS[0]!);
    for (const month of MONTHS) {
      await addAuditMonth(commands, month, 10);
      const words = [
        'run',
        '--table',
        'audit_logs',
        '--month',
        month,
        '--to',
        's3://archive/shop',
        ...place(),
        '--yes',
      ];
      const { code, stderr } = await commands.archive(words);
      if (code !== 0) throw new Error(stderr);
    }
    archived = new Map([...bucket.objects].map(([key, { bytes }]) => [key, bytes]));
  });
  const objects = new Map<string, NonNullable<ReturnType<Bucket['objects']['get']>>>();
  beforeEach(() => {
    if (objects.size === 0) for (const [key, object] of bucket.objects) objects.set(key, object);
    for (const [key, object] of objects) bucket.objects.set(key, Object.assign(object, { bytes: archived.get(key) }));
  });
  afterAll(async () => {
    forgetEnvironment();
    await s3.close();
  });

  test('is as it was signed', async () => {
    expect(await faults()).toEqual([]);
  });

  test('each flipped byte, each file that is gone or cut is named', async () => {
    const key = fileOf(2);
    const whole = bytesOf(key);
    for (const at of [3, Math.floor(whole.length / 2), whole.length - 12]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      set(key, damaged);
      expect(await faults()).toEqual([[2, 'other_bytes', key]]);
    }
    set(key, whole.subarray(0, 100));
    expect(await faults()).toEqual([[2, 'other_size', key]]);
    set(key, undefined);
    expect(await faults()).toEqual([[2, 'missing_file', key]]);
  });

  test('each manifest that is gone, reordered, replaced or changed is named', async () => {
    set(manifest(2), undefined);
    expect(await faults()).toEqual([[2, 'missing', manifest(2)]]);
    bucket.objects.set(PREFIX + manifest(2), objects.get(PREFIX + manifest(2))!);
    set(manifest(3), undefined);
    expect(await faults()).toEqual([[3, 'missing', manifest(3)]]);
    bucket.objects.set(PREFIX + manifest(3), objects.get(PREFIX + manifest(3))!);
    set(manifest(1), bytesOf(manifest(2)));
    set(manifest(2), bytesOf(manifest(1)));
    expect(await faults()).toEqual([
      [1, 'reordered', manifest(1)],
      [2, 'reordered', manifest(2)],
    ]);
    set(manifest(1), bytesOf(manifest(1)));
    set(manifest(2), Buffer.from(bytesOf(manifest(2)).toString().replace('"tool":"', '"tool":"x')));
    expect(await faults()).toEqual([[2, 'altered', manifest(2)]]);
  });

  test('a month of it is restored, and asked by SQL', async () => {
    const month = MONTHS[1]!;
    expect(await commands.archive(['restore', '--table', 'audit_logs', '--month', month, ...from()])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(sideName('audit_logs', month)),
    });
    const asked = await commands.archive([
      'query',
      'select count(*) as rows from audit_logs',
      ...from(),
      '--format',
      'csv',
    ]);
    expect(asked).toMatchObject({ code: 0, stdout: 'rows\r\n30\r\n' });
    expect(await commands.archive(['query', 'select 1 from audit_logs', ...from(), '--max-copy', '1kB'])).toMatchObject(
      { code: 4 },
    );
  });
});
