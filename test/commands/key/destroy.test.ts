import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { useKeyCommands } from './fixture.ts';

describe('key destroy', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let user: string;
  let copy: string;

  const wrapped = async () =>
    (
      await sql()<{ wrapped: boolean; dated: boolean }[]>`
        select data.wrapped_key is not null as wrapped, data.destroyed_at is not null as dated
          from encryption_data_keys data join encryption_keys keys on keys.id = data.encryption_key_id
         where keys.key_id = 'pii-v1'`
    )[0];
  const attempt = async (words = 'destroy pii-v1 --yes') => {
    const { code, stderr } = await commands.key(words);
    return { code, stderr, key: await wrapped() };
  };
  const retiredAgo = async (age: string) =>
    sql()`update encryption_keys set retired_at = now() - ${age}::interval where key_id = 'pii-v1'`;

  beforeAll(async () => {
    const application = await commands.start();
    user = await application.addUser(sql(), 'minji@example.com');
    [{ copy }] = await sql()<[{ copy: string }]>`select email_encrypted as copy from users`;
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'pii-v1'`;
    await commands.start();
  });

  test('refuses what is not a retired key', async () => {
    expect(await attempt('destroy pii-v9 --yes')).toEqual(refusal('there is no key "pii-v9"', 2));
    expect(await attempt('destroy pii-v2 --yes')).toEqual(
      refusal('pii-v2 is ACTIVE, and only a retired key can be destroyed'),
    );
    expect(await attempt()).toEqual(refusal('pii-v1 is ROTATING'));
  });

  test('refuses one that a live value needs, whatever its status says', async () => {
    await sql()`update encryption_keys set status = 'RETIRED', retired_at = now() - interval '40 days' where key_id = 'pii-v1'`;
    expect(await attempt()).toEqual(refusal('users.email_encrypted: 1 value'));
    await sql()`delete from users where id = ${user}`;
  });

  test('refuses one that was retired lately, by the clock of the server, and says from when on it may', async () => {
    await retiredAgo('34 days');
    expect(await attempt()).toEqual(refusal('backups of that time may need it'));
    expect(await attempt('destroy pii-v1 --after 90d --yes')).toEqual(refusal('it can be destroyed from 2'));
    await retiredAgo('36 days');
  });

  test('refuses one that a restored copy needs, in any schema, of which nobody else knows', async () => {
    await sql()`create schema restored`;
    await sql()`create table restored.users_2025 (id uuid, email_encrypted text)`;
    await sql()`insert into restored.users_2025 (email_encrypted) values (${copy})`;
    expect(await attempt()).toEqual(refusal('restored.users_2025.email_encrypted: 1 value'));
    await sql()`drop schema restored cascade`;
  });

  test('refuses one that archived months need, and names their manifests; retiring it only tells of them', async () => {
    const [key] = await sql()<{ kid: string }[]>`
      select data.kid from encryption_data_keys data join encryption_keys keys on keys.id = data.encryption_key_id
       where keys.key_id = 'pii-v1'`;
    const sources = [{ keyIds: { [key!.kid]: 3 } }, { keyIds: {} }, { keyIds: { [key!.kid]: 4, AAAAAAAA: 9 } }];
    await sql()`
      insert into archive_manifests (
        sequence, digest, source_table, month, kind, range_start, range_end, manifest, signature_algorithm, signing_key,
        signature, location)
      values (
        1, repeat('a', 64), 'audit_logs', '2025-01', 'month', '2025-01-01Z', '2025-02-01Z', ${JSON.stringify({ sources })},
        'Ed25519', 'test', 'test', 'file:///srv/archive')`;
    expect(await attempt()).toEqual(refusal('manifest 1 (audit_logs 2025-01): 7 values'));
    expect(await commands.key('retire --key pii-v1 --yes')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('pii-v1 is needed to read manifest 1 (audit_logs 2025-01): 7 values'),
    });
    await sql()`delete from archive_manifests`;
  });

  test('refuses while its type is being rotated', async () => {
    await sql()`insert into key_rotation_runs (key_type, to_key_id) values ('pii', 'pii-v2')`;
    expect(await attempt()).toEqual(refusal('takes part in a rotation of pii that is not finished'));
    await sql()`delete from key_rotation_runs`;
  });

  test('is never done without the typed name of the database, and --yes does not do in a protected environment', async () => {
    expect(await attempt('destroy pii-v1')).toEqual(refusal('there is no terminal to ask on'));
    expect(await attempt('destroy pii-v1 --confirm other')).toEqual(refusal('--confirm names "other"'));
  });

  test('a role that may not write keys is told so', async () => {
    const { href } = Object.assign(new URL(commands.database.current.url), {
      username: 'schema_staff',
      password: 'schema',
    });
    const env = { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: href };
    expect(await run(['key', 'destroy', 'pii-v1', '--yes'], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('encryption_data_keys: update is not granted'),
    });
  });

  test('a dry run lists what becomes unreadable and changes nothing', async () => {
    const ran = await commands.key('destroy pii-v1 --dry-run --format json');
    const { data, warnings } = JSON.parse(ran.stdout) as { data: Record<string, unknown>[]; warnings: string[] };
    expect(data).toContainEqual(
      expect.objectContaining({
        key: 'pii-v1',
        table: 'users',
        column: 'email_encrypted',
        state: 'would be unreadable',
      }),
    );
    expect(warnings).toContainEqual(expect.stringContaining('the server does not keep pii-v1 out of its columns'));
    expect(await wrapped()).toEqual({ wrapped: true, dated: false });
  });

  test('forgets the key for good, records it, and leaves values under other keys as they are', async () => {
    const application = await commands.start();
    const other = await application.addUser(sql(), 'jiwoo@example.com');
    const database = commands.database.current.name;
    expect(await commands.key(`destroy pii-v1 --confirm ${database}`)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('pii-v1 is destroyed'),
    });
    expect(await wrapped()).toEqual({ wrapped: false, dated: true });
    expect(
      await sql()`
      select resource_id, changes ->> 'kid' is not null as kid from audit_logs where action = 'DESTROY_KEY'`,
    ).toEqual([{ resource_id: 'pii-v1', kid: true }]);
    expect((await commands.rows('list')).find(({ key }) => key === 'pii-v1')?.['provider']).toBe('destroyed');
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
    expect(await commands.key(`destroy pii-v1 --confirm ${database}`)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('was destroyed before'),
    });
    await sql()`update users set email_encrypted = ${copy}, email_key_id = 'pii-v1' where id = ${other}`;
    expect(await commands.key('verify')).toMatchObject({ code: 5, stdout: expect.stringContaining('was destroyed') });
  });
});

/** What a refused attempt leaves: the key as it was. */
function refusal(message: string, code = 4) {
  return {
    code,
    stderr: expect.stringContaining(message) as string,
    key: { wrapped: true, dated: false },
  };
}
