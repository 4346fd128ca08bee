import { generateKeyPairSync } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { addAuditMonth, addOrderOf, makeMonths, useReadCommands } from './read-fixture.ts';

const [FIRST, SECOND, THIRD] = [-2, -3, -4].map(monthFromNow) as [string, string, string];

/** Numbers of the manifests that beforeAll makes. */
const AUDIT_LOGS = [3, 2, 1] as const;
const ORDERS = 4;

const manifest = (sequence: number) => `manifests/${String(sequence).padStart(9, '0')}.json`;
const both = (...wrong: object[]) => ({ database: wrong, key: wrong });

describe('ordersync archive verify', () => {
  const commands = useReadCommands();
  /** A copy of the archive, for one test to damage. */
  let folder: string;
  let pem: string;

  const file = (key: string) => path.join(folder, key);
  const filesOf = (sequence: number): { key: string; bytes: number }[] => {
    const signed = JSON.parse(readFileSync(file(manifest(sequence)), 'utf8')) as {
      manifest: { sources: { files: { key: string; bytes: number }[] }[] };
    };
    return signed.manifest.sources.flatMap(({ files }) => files);
  };
  const verify = async (...more: string[]) => commands.archive(['verify', '--from', folder, ...more]);
  /** What is wrong, by manifest, place and hour; with the database, and without it. */
  const faults = async (...more: string[]) => {
    const found = await Promise.all(
      [[], ['--public-key', pem]].map(async (trust) => {
        const ran = await verify(...trust, ...more, '--format', 'json');
        if (ran.stdout === '') throw new Error(ran.stderr);
        const { data } = JSON.parse(ran.stdout) as { data: Record<string, unknown>[] };
        const wrong = data.filter(({ state }) => state !== 'proven');
        expect(ran.code).toBe(wrong.length === 0 ? 0 : 5);
        return wrong.map(({ manifest: sequence, state, place, hour }) => ({
          sequence,
          state,
          place,
          hour: hour ?? undefined,
        }));
      }),
    );
    return { database: found[0], key: found[1] };
  };

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', THIRD);
    await makeMonths(commands, 'orders', FIRST);
    for (const month of [THIRD, SECOND, FIRST]) {
      await addAuditMonth(commands, month, 20);
      await commands.leave('audit_logs', month);
    }
    await addOrderOf(commands, FIRST);
    await commands.leave('orders', FIRST);
  });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
    cpSync(commands.folder, folder, { recursive: true });
    pem = path.join(commands.folder, 'keys', readdirSync(path.join(commands.folder, 'keys'))[0]!);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('says of an archive that is as it was signed that it is, with a database and without one', async () => {
    expect(await faults()).toEqual(both());
    const [head] = await commands.rows(['head']);
    const { stdout, stderr, code } = await run(
      [
        'archive',
        'verify',
        '--from',
        folder,
        '--public-key',
        pem,
        '--head',
        String(head!['digest']),
        '--format',
        'json',
      ],
      { env: {} },
    );
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('4 manifests and 6 files are as they were signed'),
    });
    expect(JSON.parse(stdout)).toMatchObject({
      data: [1, 2, 3, 4].map((sequence) => ({ manifest: sequence, state: 'proven' })),
    });
  });

  test('counts each byte once while it reads', async () => {
    const { stderr } = await verify('--progress', 'json');
    const events = stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
    const reading = events.filter(({ unit }) => unit === 'bytes') as { done: number; total: number }[];
    expect(reading.length).toBeGreaterThan(0);
    expect(reading.filter(({ done, total }) => done > total)).toEqual([]);
    expect(reading.at(-1)).toMatchObject({ done: reading.at(-1)!.total });
  });

  test('names the file of a flipped byte, wherever in it the byte is', async () => {
    for (const { key, bytes } of [filesOf(AUDIT_LOGS[1])[0]!, ...filesOf(ORDERS)]) {
      const original = readFileSync(file(key));
      const sequence = key.startsWith('audit_logs') ? AUDIT_LOGS[1] : ORDERS;
      for (const at of [0, 5, Math.floor(bytes / 3), Math.floor(bytes / 2), bytes - 20, bytes - 6, bytes - 1]) {
        const damaged = Buffer.from(original);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
        writeFileSync(file(key), damaged);
        const { database } = await faults();
        expect(database).toContainEqual({ sequence, state: 'other_bytes', place: key, hour: undefined });
      }
      writeFileSync(file(key), original);
    }
    expect(await faults()).toEqual(both());
  });

  test('names a file that is missing, cut, or replaced by another of the archive, and which hours differ then', async () => {
    const [{ key }, { key: other }] = [filesOf(AUDIT_LOGS[0])[0]!, filesOf(AUDIT_LOGS[2])[0]!];
    const whole = readFileSync(file(key));
    rmSync(file(key));
    expect(await faults()).toEqual(
      both({ sequence: AUDIT_LOGS[0], state: 'missing_file', place: key, hour: undefined }),
    );
    writeFileSync(file(key), whole.subarray(0, whole.length - 9));
    expect(await faults()).toEqual(both({ sequence: AUDIT_LOGS[0], state: 'other_size', place: key, hour: undefined }));
    copyFileSync(file(other), file(key));
    const { database } = await faults('--month', FIRST, '--table', 'audit_logs');
    expect(database!.map(({ state }) => state)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^other_(size|bytes)$/)]),
    );
  });

  test('names a manifest that is missing, in the middle and at the end', async () => {
    rmSync(file(manifest(2)));
    expect(await faults()).toEqual(both({ sequence: 2, state: 'missing', place: manifest(2), hour: undefined }));
    copyFileSync(path.join(commands.folder, manifest(2)), file(manifest(2)));
    rmSync(file(manifest(4)));
    expect(await faults()).toEqual(both({ sequence: 4, state: 'missing', place: manifest(4), hour: undefined }));
    // With the head cut to match, the store alone cannot tell; the database, or the digest that was written down, can.
    const { digest } = JSON.parse(readFileSync(file(manifest(3)), 'utf8')) as { digest: string };
    writeFileSync(
      file('head.json'),
      `${JSON.stringify({ digest, format: 'ordersync-archive-head/1', sequence: 3 })}\n`,
    );
    const cut = await faults();
    expect(cut.database).toEqual([{ sequence: 4, state: 'missing', place: manifest(4), hour: undefined }]);
    expect(cut.key).toEqual([]);
    const [head] = await commands.rows(['head']);
    expect(await verify('--public-key', pem, '--head', String(head!['digest']))).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('its end is missing or replaced'),
    });
  });

  test('names manifests that changed places, and one that was replaced, altered or damaged', async () => {
    renameSync(file(manifest(1)), file('manifests/aside'));
    renameSync(file(manifest(2)), file(manifest(1)));
    renameSync(file('manifests/aside'), file(manifest(2)));
    const wrong = (sequence: number, state: string) => ({
      sequence,
      state,
      place: manifest(sequence),
      hour: undefined,
    });
    expect(await faults()).toEqual(both(wrong(1, 'reordered'), wrong(2, 'reordered')));
    for (const sequence of [1, 2])
      copyFileSync(path.join(commands.folder, manifest(sequence)), file(manifest(sequence)));

    const text = readFileSync(file(manifest(2)), 'utf8');
    writeFileSync(file(manifest(2)), text.replaceAll(/"rows":20/g, '"rows":21'));
    expect(await faults()).toEqual(both(wrong(2, 'damaged')));
    writeFileSync(file(manifest(2)), text.replace('"createdAt":"2', '"createdAt":"1'));
    expect(await faults()).toEqual(both(wrong(2, 'altered')));
    writeFileSync(file(manifest(2)), text.slice(1));
    expect(await faults()).toEqual(both(wrong(2, 'damaged')));
    writeFileSync(file(manifest(2)), text);
    writeFileSync(file('head.json'), '{}');
    expect(await faults()).toEqual(
      both({ sequence: null, state: 'damaged_head', place: 'head.json', hour: undefined }),
    );
    rmSync(file('head.json'));
    expect(await faults()).toEqual(
      both({ sequence: null, state: 'missing_head', place: 'head.json', hour: undefined }),
    );
  });

  test('trusts no key but those it was given', async () => {
    const strange = path.join(folder, 'strange.pem');
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(strange, publicKey.export({ format: 'pem', type: 'spki' }));
    const { stdout, code } = await verify('--public-key', strange, '--format', 'json');
    expect(code).toBe(5);
    const { data } = JSON.parse(stdout) as { data: { state: string }[] };
    expect(data.map(({ state }) => state)).toEqual(['unknown_key', 'unknown_key', 'unknown_key', 'unknown_key']);
    expect(await verify('--public-key', path.join(folder, 'head.json'))).toMatchObject({ code: 2 });
    expect(await verify('--public-key', path.join(folder, 'nothing.pem'))).toMatchObject({ code: 2 });
  });

  test('tells of files that no manifest names, and takes them for no fault of the archive', async () => {
    const stray = 'audit_logs/year=2025/month=01/part-00009-stray.parquet';
    cpSync(file(filesOf(1)[0]!.key), file(stray));
    const { code, stderr } = await verify();
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`${stray} (`) });
  });

  test('reads only so many files with --sample, and looks at all of them', async () => {
    const { stdout } = await verify('--sample', '2', '--format', 'json');
    const { data } = JSON.parse(stdout) as { data: { files: number; files_read: number }[] };
    expect(data.reduce((sum, { files }) => sum + files, 0)).toBe(6);
    expect(data.reduce((sum, row) => sum + row.files_read, 0)).toBe(2);
    const { key } = filesOf(1)[0]!;
    rmSync(file(key));
    expect(await verify('--sample', '1')).toMatchObject({ code: 5, stdout: expect.stringContaining(key) });
  });

  test('refuses an empty store, and a table or month that is not in it', async () => {
    const empty = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
    expect(await commands.archive(['verify', '--from', empty, '--public-key', pem])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('there is no archive'),
    });
    expect(await commands.archive(['verify', '--from', empty])).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('missing'),
    });
    rmSync(empty, { recursive: true });
    expect(await verify('--month', '2001-01')).toMatchObject({ code: 2 });
    expect(await verify('--table', 'users')).toMatchObject({ code: 2 });
  });
});
