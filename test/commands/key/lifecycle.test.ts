import { beforeAll, describe, expect, test } from 'vitest';
import type { Application } from '../../support/application.ts';
import { useKeyCommands } from './fixture.ts';

describe('key list and key create', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;

  test('without keys, list says how to make them, and status that they are missing', async () => {
    expect(await commands.key('list')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('ordersync key create'),
    });
    const { code, stderr } = await commands.key('status --check');
    expect(code).toBe(5);
    expect(stderr).toContain('there is no active key for pii: ordersync key create --type pii');
  });

  test('a dry run makes nothing; one type is made alone; the rest follows; the same again changes nothing', async () => {
    expect(await commands.rows('create --dry-run')).toHaveLength(7);
    expect(await sql()`select from encryption_keys`).toHaveLength(0);
    expect(await commands.rows('create --type payment')).toEqual([
      expect.objectContaining({
        key: 'payment-v1',
        use: 'payment',
        version: 1,
        state: 'created',
        kid: expect.stringMatching(/^[\w-]{8}$/),
      }),
    ]);
    const all = await commands.rows('create');
    expect(all.map(({ key, state }) => [key, state].join(' ')).toSorted()).toEqual([
      'business-v1 created',
      'email-v1 created',
      'external_id-v1 created',
      'ip-v1 created',
      'payment-v1 active',
      'pii-v1 created',
      'rate_limit-v1 created',
    ]);
    const { code, stderr } = await commands.key('create');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('nothing to create: every key asked for is active'),
    });
    expect((await commands.rows('list')).map(({ key, status }) => [key, status].join(' '))).toContain('pii-v1 ACTIVE');
  });

  test('two that start together make one set of keys', async () => {
    await sql()`truncate encryption_data_keys, encryption_keys, blind_index_keys cascade`;
    const runs = await Promise.all([commands.key('create'), commands.key('create'), commands.key('create')]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const [counts] = await sql()`
      select (select count(*)::int from encryption_keys) as keys, (select count(*)::int from encryption_data_keys) as data,
             (select count(*)::int from blind_index_keys) as indexes`;
    expect(counts).toEqual({ keys: 3, data: 3, indexes: 4 });
  });

  test.each([
    ['no provider', { ORDERSYNC_KEY_PROVIDER: '', ORDERSYNC_KEYRING: '' }, 3, 'no key provider is configured'],
    [
      'no keyring',
      { ORDERSYNC_KEYRING: '/nonexistent/keyring.json' },
      3,
      'there is no keyring at /nonexistent/keyring.json',
    ],
    ['no key file for a keyring that has one', { ORDERSYNC_KEYRING_KEY_FILE: '' }, 3, 'is opened by a key file'],
    ['no KMS key', { ORDERSYNC_KEY_PROVIDER: 'aws-kms' }, 3, 'no KMS key is configured'],
  ])('%s: a message of its own, before anything is written', async (_what, env, code, message) => {
    await sql()`truncate encryption_data_keys, encryption_keys, blind_index_keys cascade`;
    const ran = await commands.key('create', { env });
    expect(ran).toEqual({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(await sql()`select from encryption_keys`).toHaveLength(0);
  });
});

describe('key status and key retire', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let application: Application;
  beforeAll(async () => {
    application = await commands.start();
    await commands.fill(application);
  });

  /** Lets pii-v1 become an older key, as a rotation does; its values stay under it. */
  async function rotatePii(): Promise<void> {
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'pii-v1'`;
    await commands.key('create --type pii');
  }

  test('counts the values per key and column, and finds nothing wrong', async () => {
    const rows = await commands.rows('status');
    expect(rows).toHaveLength(36);
    expect(rows).toContainEqual(
      expect.objectContaining({ key: 'pii-v1', table: 'users', column: 'email_encrypted', values: 1, finding: null }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({ key: 'payment-v1', table: 'payments', column: 'card_info_encrypted', values: 1 }),
    );
    const { code, stderr } = await commands.key('status --check');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('36 values in 36 columns under 3 keys'),
    });
  });

  const scansOfUsers = async () => {
    await sql()`select pg_stat_force_next_flush()`;
    const [row] = await sql()<{ scans: number }[]>`
      select (seq_scan + coalesce(idx_scan, 0))::int as scans from pg_stat_user_tables where relname = 'users'`;
    return row?.scans ?? 0;
  };

  test('reads each table once', async () => {
    // A session's figures are flushed when it ends.
    const before = await scansOfUsers();
    await commands.key('status');
    await expect.poll(scansOfUsers).toBe(before + 1);
  });

  test('says what is due: age, worn nonces, plaintext, unknown keys; exit 5 with --check only', async () => {
    await sql()`update encryption_keys set created_at = now() - interval '91 days' where key_id = 'business-v1'`;
    const menu = await application.addMenu(
      sql(),
      String((await sql()`select id from restaurants limit 1`)[0]?.['id']),
      'x',
    );
    await sql()`update menus set name_encrypted = 'hunter2', description_encrypted = 'os1_ORPHAN00' || substr(description_encrypted, 13) where id = ${menu}`;
    const { code, stderr, stdout } = await commands.key('status --check');
    expect(code).toBe(5);
    expect(stderr).toContain('business-v1 is due to be rotated');
    expect(stderr).toContain('menus.name_encrypted: 1 with not_ours');
    expect(stderr).toContain('menus.description_encrypted: 1 with unknown_key');
    expect(stdout).toContain('unknown_key (kid ORPHAN00)');
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
    expect(await commands.key('status')).toMatchObject({ code: 0 });
    expect((await commands.key('status --max-age 100d --check')).stderr).not.toContain('due to be rotated');
    await sql()`delete from menus where id = ${menu}`;
    await sql()`update encryption_keys set created_at = now() where key_id = 'business-v1'`;
  });

  test('a key that new values are encrypted with is not retired', async () => {
    expect(await commands.key('retire --key pii-v1')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('pii-v1 is the active key of pii'),
    });
    expect(await commands.key('retire --key pii-v9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('keys: pii-v1'),
    });
  });

  test('nor one that a live value needs: the counts are printed, and nothing is changed', async () => {
    await rotatePii();
    const { code, stderr } = await commands.key('retire --key pii-v1');
    expect(code).toBe(4);
    expect(stderr).toContain('pii-v1 is still needed');
    expect(stderr).toContain('users.email_encrypted: 1 value');
    expect(stderr).toContain('audit_logs_archive.old_value_encrypted: 1 value');
    expect((await commands.key('retire --key pii-v1 --dry-run')).code).toBe(4);
    expect((await commands.rows('list')).find(({ key }) => key === 'pii-v1')?.['status']).toBe('ROTATING');
  });

  test('nor while a column exists that nobody counted', async () => {
    await sql()`alter table order_items add column note_encrypted text`;
    expect(await commands.key('retire --key pii-v1')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('order_items.note_encrypted: unregistered'),
    });
    await sql()`alter table order_items drop column note_encrypted`;
  });
});

describe('a key that no value needs any more', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;

  test('is retired, with an audit row, and still decrypts', async () => {
    const application = await commands.start();
    const user = await application.addUser(sql(), 'minji@example.com');
    const [row] = await sql()<{ text: string }[]>`select email_encrypted as text from users where id = ${user}`;
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'pii-v1'`;
    expect((await commands.key('create --type pii')).code).toBe(0);
    await sql()`delete from users where id = ${user}`;

    expect((await commands.key('retire --key pii-v1 --dry-run')).stderr).toContain('nothing was changed');
    const { code, stderr } = await commands.key('retire --key pii-v1');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('pii-v1 is retired; it still decrypts'),
    });
    expect(
      await sql()`select status, retired_at is not null as dated from encryption_keys where key_id = 'pii-v1'`,
    ).toEqual([{ status: 'RETIRED', dated: true }]);
    expect(await sql()`select resource_id from audit_logs where action = 'RETIRE_KEY'`).toEqual([
      { resource_id: 'pii-v1' },
    ]);
    expect((await commands.key('retire --key pii-v1')).stderr).toContain('pii-v1 was retired before');
    const place = `--table users --column email_encrypted --id ${user}`;
    const decrypted = await commands.key(`decrypt ${place} --reason test`, { stdin: row?.text ?? '' });
    expect(decrypted).toMatchObject({ code: 0, stdout: 'minji@example.com\n' });
  });
});
