import { beforeAll, describe, expect, test } from 'vitest';
import { ENCRYPTED_TABLES } from '../../../src/domain/encryption/registry.ts';
import { rowsOf, useKeyCommands } from './fixture.ts';

/** At once, and without a grace period: nobody else writes. */
const NOW = '--if-older-than 0 --grace 0 --full-speed';

describe('a rotation of everything', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  const rowVersions = async () =>
    Promise.all(
      ENCRYPTED_TABLES.map(
        async ({ name }) => sql()`select id, xmin::text, ctid::text from ${sql()(name)} order by id`,
      ),
    );

  beforeAll(async () => {
    const application = await commands.start();
    await commands.fill(application);
    for (let user = 0; user < 50; user += 1) await application.addUser(sql(), `user${user}@example.com`);
  });

  test('a young key is left alone: no row and no table of keys is touched', async () => {
    const before = await rowVersions();
    const { code, stderr } = await commands.key('rotate');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('pii-v1 is active and young enough') });
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
    expect(await sql()`select from encryption_keys`).toHaveLength(3);
    expect(await rowVersions()).toEqual(before);
  });

  test('--resume has nothing to go on with, and makes no key', async () => {
    const { code, stderr } = await commands.key('rotate --type pii --resume --if-older-than 0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('there is no unfinished rotation') });
    expect(await sql()`select from encryption_keys`).toHaveLength(3);
  });

  test('--status and --abort say that there is none', async () => {
    expect(await commands.key('rotate --status')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no key was ever rotated'),
    });
    expect(await commands.key('rotate --abort')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing to abort'),
    });
  });

  test('a dry run says what each table takes, and changes nothing', async () => {
    const rows = await commands.rows('rotate --if-older-than 0 --dry-run');
    expect(rows.find(({ table }) => table === 'users')).toMatchObject({
      type: 'pii',
      from: 'pii-v1',
      to: 'pii-v2',
      action: 'start',
      values: 255,
    });
    expect(new Set(rows.map(({ table }) => table))).toEqual(new Set(ENCRYPTED_TABLES.map(({ name }) => name)));
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
  });

  test('every value is renewed, proven, and the old keys are retired', async () => {
    const versions = async () => sql()`select id, version, updated_at from users order by id`;
    const before = await versions();
    const ran = await commands.key(`rotate ${NOW} --format json`);
    expect(ran).toMatchObject({ code: 0 });
    const [pii, ...others] = rowsOf(ran);
    expect(pii).toMatchObject({
      type: 'pii',
      from: 'pii-v1',
      to: 'pii-v2',
      state: 'finished',
      rows: 57,
      values: 273,
      proven_values: 273,
      retired: 'pii-v1',
    });
    expect(others.map(({ state, retired }) => [state, retired])).toEqual([
      ['finished', 'payment-v1'],
      ['finished', 'business-v1'],
    ]);
    expect(await versions()).toEqual(before);
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
    const keys = await commands.rows('status');
    expect(keys.filter(({ key, values }) => String(key).endsWith('-v1') && Number(values) > 0)).toEqual([]);
    expect(
      await sql()`select key_id, status, retired_at is not null as dated from encryption_keys order by key_id`,
    ).toEqual(
      ['business', 'payment', 'pii'].flatMap((type) => [
        { key_id: `${type}-v1`, status: 'RETIRED', dated: true },
        { key_id: `${type}-v2`, status: 'ACTIVE', dated: false },
      ]),
    );
  });

  test('the run keeps its report; audit_logs has one row for each table, and nothing of a value', async () => {
    const [run] = await sql()`
      select status, finished_at is not null as ended, last_lsn > first_lsn as wrote, report, started_by
        from key_rotation_runs where key_type = 'pii'`;
    expect(run).toMatchObject({
      status: 'FINISHED',
      ended: true,
      wrote: true,
      report: { retired: ['pii-v1'], rows: 57, values: 273, verified_values: 273 },
      started_by: { database_role: 'postgres', host: expect.any(String) },
    });
    const audited = await sql()<{ resource_type: string; changes: Record<string, unknown> }[]>`
      select resource_type, changes from audit_logs where action = 'ROTATE_KEY' and changes ->> 'to' = 'pii-v2' order by 1`;
    expect(audited.map(({ resource_type, changes }) => `${resource_type} ${String(changes['step'])}`)).toEqual([
      'audit_logs finished',
      'audit_logs_archive finished',
      'encryption_keys started',
      'login_attempts finished',
      'notification_logs finished',
      'orders finished',
      'user_sessions finished',
      'users finished',
    ]);
    expect(JSON.stringify(audited)).not.toContain('os1_');
    expect(await sql()`select count(*)::int from audit_logs where action in ('UPDATE_USER', 'UPDATE_PAYMENT')`).toEqual(
      [{ count: 0 }],
    );
  });

  test('--status tells of the finished run from any terminal', async () => {
    const rows = await commands.rows('rotate --status --type pii');
    expect(rows.find(({ table }) => table === 'users')).toMatchObject({
      to: 'pii-v2',
      status: 'FINISHED',
      chunks_done: 1,
      chunks: 1,
      rows: 51,
      values: 255,
      bad_values: 0,
    });
  });

  test('the same call again finds young keys, and touches no row', async () => {
    const before = await rowVersions();
    expect(await commands.key('rotate')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('pii-v2 is active'),
    });
    expect(await rowVersions()).toEqual(before);
  });

  test('the third version follows the second, and leaves no value behind', async () => {
    const ran = await commands.rows(`rotate --type pii ${NOW} --jobs 3 --verify all --crypto openssl`);
    expect(ran[0]).toMatchObject({
      to: 'pii-v3',
      state: 'finished',
      retired: 'pii-v2',
      values: 273,
      decrypted_values: 273,
    });
  });
});

describe('words that do not go together', () => {
  const commands = useKeyCommands();

  test.each([
    ['--status --abort', '--status and --abort do not go together'],
    ['--abort --resume', '--abort and --resume do not go together'],
    ['--status --table users', '--table does not go with it'],
    ['--status --dry-run', '--dry-run does not go with it'],
    ['--type payment --table users', 'the table "users" has no values of the type payment'],
    ['--table order_items', 'the table "order_items" has no encrypted columns'],
    ['--type cards', 'is not one of all, pii, payment, business'],
    ['--jobs 0', 'is not a whole number from 1 to 32'],
    ['--max-wal 20', 'is not a size'],
    ['--grace 5', 'is not a duration'],
    ['--verify some', 'is neither a number of rows'],
  ])('%s', async (words, message) => {
    const { code, stderr } = await commands.key(`rotate ${words}`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  test('without keys each type says how to make one', async () => {
    expect(await commands.key('rotate')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('ordersync key create --type pii'),
    });
  });
});
