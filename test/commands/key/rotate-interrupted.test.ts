import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import postgres from 'postgres';
import type { Application } from '../../support/application.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { waitFor } from '../../support/wait.ts';
import { useKeyCommands } from './fixture.ts';

const NOW = '--if-older-than 0 --grace 0 --full-speed';

describe('a rotation that does not go through at once', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let application: Application;
  let user: string;

  beforeAll(async () => {
    application = await commands.start();
    ({ user } = await commands.fill(application));
    for (let index = 0; index < 20; index += 1) await application.addUser(sql(), `user${index}@example.com`);
  });

  const statusOf = async (key: string) =>
    (await sql()`select status from encryption_keys where key_id = ${key}`)[0]?.['status'];
  const runOf = async (key: string) =>
    (await sql()`select status from key_rotation_runs where to_key_id = ${key}`)[0]?.['status'];
  /** The version that is active now, and the one that the next rotation leads to. */
  const versions = async () => {
    const [{ version } = { version: 0 }] = await sql()<{ version: number }[]>`
      select version from encryption_keys where key_type = 'pii' and status = 'ACTIVE'`;
    return { old: `pii-v${version}`, next: `pii-v${version + 1}` };
  };
  const keyIdsOf = async (id: string) =>
    sql()`select email_key_id, name_key_id, phone_key_id from users where id = ${id}`;
  /** A rotation in this process that goes on while the test does something else. */
  const background = (words: string): { ended: Promise<Ran>; stderr: () => string; interrupt: () => void } => {
    let text = '';
    let deliver: ((signal: 'SIGINT' | 'SIGTERM') => void) | undefined;
    const ended = run(['key', 'rotate', ...words.split(' ')], {
      env: { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: commands.database.current.url },
      onStderr: (all) => {
        text = all;
      },
      onListen: (send) => {
        deliver = send;
      },
    });
    return { ended, stderr: () => text, interrupt: () => deliver?.('SIGINT') };
  };

  test('of some tables leaves the key ROTATING, and says that others remain', async () => {
    const ran = await commands.key(`rotate --type pii --table users ${NOW}`);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('others remain, and no key is retired') });
    expect(await keyIdsOf(user)).toEqual([{ email_key_id: 'pii-v2', name_key_id: 'pii-v2', phone_key_id: 'pii-v2' }]);
    expect(await sql()`select distinct ip_key_id from user_sessions`).toEqual([{ ip_key_id: 'pii-v1' }]);
    expect(await statusOf('pii-v1')).toBe('ROTATING');
    expect(await runOf('pii-v2')).toBe('RUNNING');
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
    const rows = await commands.rows('rotate --status');
    expect(rows.find(({ table }) => table === 'users')).toMatchObject({ status: 'RUNNING', chunks_done: 1, chunks: 1 });
    expect(rows.find(({ table }) => table === 'user_sessions')).toMatchObject({ chunks_done: 0, chunks: 1 });
  });

  test('can be aborted, which keeps both keys, and taken up again', async () => {
    expect(await commands.key('rotate --abort --dry-run')).toMatchObject({ code: 0 });
    expect(await runOf('pii-v2')).toBe('RUNNING');
    expect(await commands.key('rotate --type pii --abort')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('pii-v2 stays active'),
    });
    expect(await runOf('pii-v2')).toBe('ABORTED');
    expect([await statusOf('pii-v1'), await statusOf('pii-v2')]).toEqual(['ROTATING', 'ACTIVE']);

    const young = await commands.key('rotate --type pii');
    expect(young).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('--resume goes on with the aborted rotation'),
    });
    expect(await runOf('pii-v2')).toBe('ABORTED');

    const resumed = await commands.rows('rotate --type pii --resume --grace 0');
    expect(resumed).toEqual([
      expect.objectContaining({ from: 'pii-v1', to: 'pii-v2', state: 'finished', retired: 'pii-v1' }),
    ]);
    expect(await runOf('pii-v2')).toBe('FINISHED');
  });

  test('waits out the grace period, and then takes what a stale application wrote meanwhile', async () => {
    const rotating = background('--type pii --if-older-than 0 --grace 8s');
    await waitFor(() => rotating.stderr().includes('rotating pii to'), 'the new key');
    // Its keys are those of the first version.
    const late = await application.addUser(sql(), 'late@example.com');
    expect(await keyIdsOf(late)).toEqual([{ email_key_id: 'pii-v1', name_key_id: 'pii-v1', phone_key_id: 'pii-v1' }]);
    expect(await rotating.ended).toMatchObject({ code: 0 });
    expect(await keyIdsOf(late)).toEqual([{ email_key_id: 'pii-v3', name_key_id: 'pii-v3', phone_key_id: 'pii-v3' }]);
    expect(await statusOf('pii-v2')).toBe('RETIRED');
  });

  test('stops at a signal, says how to go on, and goes on', async () => {
    const { old, next } = await versions();
    const rotating = background('--type pii --if-older-than 0 --grace 1h');
    await waitFor(() => rotating.stderr().includes('waiting for applications to forget'), 'the grace period');
    rotating.interrupt();
    expect(await rotating.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('ordersync key rotate --type pii --resume goes on'),
    });
    expect([await statusOf(old), await runOf(next)]).toEqual(['ROTATING', 'RUNNING']);
    // Any call goes on with what is unfinished, and makes no key.
    expect(await commands.key('rotate --type pii --grace 0')).toMatchObject({ code: 0 });
    expect([await statusOf(old), await runOf(next)]).toEqual(['RETIRED', 'FINISHED']);
  });

  test('hears of an abort from another terminal', async () => {
    const { next } = await versions();
    const rotating = background('--type pii --if-older-than 0 --grace 1h');
    await waitFor(() => rotating.stderr().includes('waiting for applications to forget'), 'the grace period');
    const [{ workers } = {}] = await commands.rows('rotate --status --type pii');
    expect(workers).toEqual([expect.stringContaining('ordersync key rotate (follow)')]);
    expect(await commands.key('rotate --abort')).toMatchObject({ code: 0 });
    expect(await rotating.ended).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('was aborted by another process'),
    });
    expect(await commands.key('rotate --type pii --resume --grace 0')).toMatchObject({ code: 0 });
    expect(await statusOf(next)).toBe('ACTIVE');
  });

  test('aborted and followed by another one, leaves no key behind', async () => {
    const { old, next } = await versions();
    expect(await commands.key(`rotate --type pii --table users ${NOW}`)).toMatchObject({ code: 0 });
    expect(await commands.key('rotate --abort')).toMatchObject({ code: 0 });
    const [third] = await commands.rows(`rotate --type pii ${NOW}`);
    expect(third).toMatchObject({ from: `${next}, ${old}`, state: 'finished', retired: `${old}, ${next}` });
    expect(await runOf(next)).toBe('ABORTED');
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
  });

  test('loses its sessions, keeps what it did, and is gone on with', async () => {
    const { old, next } = await versions();
    const rotating = background('--type pii --if-older-than 0 --grace 1h');
    await waitFor(() => rotating.stderr().includes('waiting for applications to forget'), 'the grace period');
    await sql()`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'ordersync key rotate%'`;
    expect(await rotating.ended).toMatchObject({
      code: 6,
      stderr: expect.stringContaining(`the rotation to ${next} stopped part way`),
    });
    expect([await statusOf(old), await runOf(next)]).toEqual(['ROTATING', 'RUNNING']);
    expect(await commands.key('rotate --type pii --resume --grace 0')).toMatchObject({ code: 0 });
    expect(await statusOf(old)).toBe('RETIRED');
  });

  test('by two processes at once is one rotation', async () => {
    const { next } = await versions();
    const both = await Promise.all([
      commands.key(`rotate --type pii ${NOW}`),
      commands.key(`rotate --type pii ${NOW}`),
    ]);
    expect(both.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
    expect(await sql()`select key_id from encryption_keys where key_type = 'pii' and status = 'ACTIVE'`).toEqual([
      { key_id: next },
    ]);
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
  });

  test('waits for a transaction that is older than the end of the grace period', async () => {
    const { old, next } = await versions();
    const client = postgres(commands.database.current.url, { max: 1 });
    onTestFinished(async () => client.end());
    await client.unsafe('begin; select count(*) from menus').simple();
    const rotating = background(`--type pii ${NOW}`);
    await waitFor(() => rotating.stderr().includes('waiting for the transaction of pid'), 'the rotation to wait');
    expect(await statusOf(old)).toBe('ROTATING');
    // It holds a value that it encrypted long ago.
    const late = await application.addUser(client, 'later@example.com');
    await client.unsafe('commit');
    expect(await rotating.ended).toMatchObject({ code: 0 });
    expect(await keyIdsOf(late)).toEqual([{ email_key_id: next, name_key_id: next, phone_key_id: next }]);
  });

  test('leaves what cannot be decrypted, lists it, and retires nothing until it is mended', async () => {
    const { old, next } = await versions();
    const [{ name } = { name: '' }] = await sql()<{ name: string }[]>`
      select name_encrypted as name from users where id = ${user}`;
    await sql()`update users set name_encrypted = 'hunter2', name_key_id = ${old}, version = version + 1 where id = ${user}`;
    const ran = await commands.key(`rotate --type pii ${NOW}`);
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain(`not decrypted: users ${user}, name_encrypted: not_ours`);
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('hunter2');
    expect(await keyIdsOf(user)).toEqual([{ email_key_id: next, name_key_id: old, phone_key_id: next }]);
    expect([await statusOf(old), await runOf(next)]).toEqual(['ROTATING', 'RUNNING']);
    expect((await commands.rows('rotate --status')).find(({ table }) => table === 'users')).toMatchObject({
      bad_values: 1,
    });

    await sql()`update users set name_encrypted = ${name}, version = version + 1 where id = ${user}`;
    expect(await commands.key('rotate --type pii --grace 0')).toMatchObject({ code: 0 });
    expect(await keyIdsOf(user)).toEqual([{ email_key_id: next, name_key_id: next, phone_key_id: next }]);
    expect([await statusOf(old), await runOf(next)]).toEqual(['RETIRED', 'FINISHED']);
  });

  test('is not believed when a key column says more than its value', async () => {
    const { old, next } = await versions();
    const [{ phone } = { phone: '' }] = await sql()<{ phone: string }[]>`
      select phone_encrypted as phone from users where id = ${user}`;
    const rotating = background('--type pii --if-older-than 0 --grace 8s');
    await waitFor(async () => (await keyIdsOf(user))[0]?.['phone_key_id'] === next, 'the row to be renewed');
    await sql()`update users set phone_encrypted = ${phone} where id = ${user}`;
    expect(await rotating.ended).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('against the proof: users.phone_encrypted: 1'),
    });
    expect(await statusOf(old)).toBe('ROTATING');
    await sql()`update users set phone_key_id = ${old} where id = ${user}`;
    expect(await commands.key('rotate --type pii --grace 0')).toMatchObject({ code: 0 });
    expect(await statusOf(old)).toBe('RETIRED');
  });

  test('ends with locked rows listed, and through once they are released', async () => {
    const { old, next } = await versions();
    const client = postgres(commands.database.current.url, { max: 1 });
    onTestFinished(async () => client.end());
    await client.unsafe(`begin; select from users where id = '${user}' for update`).simple();
    const ran = await commands.key(`rotate --type pii ${NOW}`);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain(`locked: users ${user}`);
    expect([await statusOf(old), await runOf(next)]).toEqual(['ROTATING', 'RUNNING']);
    await client.unsafe('rollback');
    expect(await commands.key('rotate --type pii --grace 0')).toMatchObject({ code: 0 });
    expect([await statusOf(old), await runOf(next)]).toEqual(['RETIRED', 'FINISHED']);
  });
});
