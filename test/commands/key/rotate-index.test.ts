import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { backfillIndex } from '../../../src/domain/keys/blind-index/backfill.ts';
import { readIndexState } from '../../../src/domain/keys/blind-index/state.ts';
import { fingerprintOf } from '../../../src/domain/migrations/catalogue/fingerprint.ts';
import { readCatalogue } from '../../../src/domain/migrations/catalogue/read.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import type { Application } from '../../support/application.ts';
import { startApplication } from '../../support/application.ts';
import { driven, testContext } from '../../support/context.ts';
import { run } from '../../support/io.ts';
import { failureOf } from '../../support/schema.ts';
import { insert } from '../../schema/rows.ts';
import { useKeyCommands } from './fixture.ts';

const USERS = 1100;

describe('key rotate-index email', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let older: Application;
  let newer: Application;

  const attempt = async (application: Application, email: string) => {
    const id = randomUUID();
    await insert(sql(), 'login_attempts', {
      id,
      email_hash: application.hash('email', email),
      ...application.encrypt('login_attempts', 'ip_address_encrypted', id, '192.0.2.7'),
      success: false,
    });
    return id;
  };
  /** As an application that knows of the rotation: the hash under the older key beside that under the newer one. */
  const register = async (email: string) => {
    const id = await newer.addUser(sql(), email);
    await sql()`update users set email_hash_prev = ${older.hash('email', email)} where id = ${id}`;
    return id;
  };
  const hashOf = async (id: string) =>
    (
      await sql()<{ hash: string; previous: string | null }[]>`
      select email_hash as hash, email_hash_prev as previous from users where id = ${id}`
    )[0];
  const statuses = async () =>
    (
      await sql()<{ key: string }[]>`
      select version || ' ' || status as key from blind_index_keys where purpose = 'email' order by version`
    ).map(({ key }) => key);
  const fingerprint = async () =>
    fingerprintOf(await readCatalogue(await testContext(commands.database.current.url).db.session()));
  const begin = async () => {
    const ctx = testContext(commands.database.current.url, '/nowhere', { keys: async () => commands.keyring.open() });
    const session = await ctx.db.session();
    const state = await readIndexState(session.sql, 'email');
    return { ctx, work: backfillIndex(ctx, session, { state, fullSpeed: true }) };
  };
  /** What a re-hash must leave as it is. */
  const untouched = async () =>
    (
      await sql()`
      select count(*)::int as users, sum(version)::int as versions, max(updated_at) as updated,
             (select count(*)::int from audit_logs where action like '%USER%') as audited,
             md5(string_agg(email_encrypted, '' order by id)) as ciphertexts
        from users`
    )[0];

  let known: string;
  let unknown: string;
  beforeAll(async () => {
    older = await commands.start();
    await sql().begin(async (transaction) => {
      for (let index = 0; index < USERS; index += 1) await older.addUser(transaction, `user${index}@example.com`);
    });
    known = await attempt(older, 'User7@example.com');
    unknown = await attempt(older, 'nobody@example.com');
  });

  test('before it is started, the other steps say so, and status says that there is nothing', async () => {
    expect(await commands.key('rotate-index email backfill')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('the key of the blind index email is not being rotated'),
    });
    expect(await commands.key('rotate-index email status')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no rotation is under way'),
    });
    expect(await commands.key('rotate-index email start --dry-run')).toMatchObject({ code: 0 });
    expect(await statuses()).toEqual(['1 ACTIVE']);
  });

  test('a role that is no member of ordersync_rotator is told how to become one, and nothing is made', async () => {
    await sql()`grant select, insert, update on all tables in schema public to schema_owner`;
    const { href } = Object.assign(new URL(commands.database.current.url), {
      username: 'schema_owner',
      password: 'schema',
    });
    const env = { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: href };
    expect(await run(['key', 'rotate-index', 'email', 'start'], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('grant ordersync_rotator to "schema_owner"'),
    });
    expect(await statuses()).toEqual(['1 ACTIVE']);
  });

  test('start makes the next key active, once, and is no drift of the schema', async () => {
    const before = await fingerprint();
    expect(await commands.key('rotate-index email start')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('next: ordersync key rotate-index email backfill'),
    });
    expect(await commands.key('rotate-index email start')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('under way already'),
    });
    expect(await statuses()).toEqual(['1 ROTATING', '2 ACTIVE']);
    expect(await sql()`select resource_id from audit_logs where action = 'ROTATE_KEY'`).toEqual([
      { resource_id: 'email-v2' },
    ]);
    newer = await startApplication(commands.database.current.url, commands.keyring.open());
    expect(newer.hash('email', 'x@example.com')).not.toBe(older.hash('email', 'x@example.com'));
    expect(await commands.key('verify --table users')).toMatchObject({ code: 0 });
    expect(await fingerprint()).toBe(before);
  });

  test('an address stays unique, whichever key its first and its second registration have', async () => {
    await register('fresh@example.com');
    expect(await failureOf(older.addUser(sql(), 'fresh@example.com'))).toMatchObject({
      code: '23505',
      constraint_name: 'uk_users_email_hash_rotating',
    });
    const id = randomUUID();
    const second = insert(sql(), 'users', {
      id,
      ...newer.encrypt('users', 'email_encrypted', id, 'user5@example.com'),
      email_hash: newer.hash('email', 'user5@example.com'),
      email_hash_prev: older.hash('email', 'user5@example.com'),
      ...newer.encrypt('users', 'password_hash_encrypted', id, 'x'),
      salt: 'salt',
    });
    expect(await failureOf(second)).toMatchObject({ code: '23505', constraint_name: 'uk_users_email_hash_rotating' });
  });

  test('finish is refused before every row was renewed once', async () => {
    expect(await commands.key('rotate-index email finish --grace 0')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('not every hash is renewed: users'),
    });
  });

  test('an interrupted backfill goes on where it was; rows that somebody holds are left, the others are not', async () => {
    const before = await untouched();
    const { ctx, work } = await begin();
    const first = await work.next();
    expect(first.value).toMatchObject({ done: 500 });
    ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT'));
    await expect(driven(work)).rejects.toMatchObject({ code: 'interrupted' });
    expect(await commands.key('verify --table users')).toMatchObject({ code: 0 });

    const holder = await sql().reserve();
    await holder`begin`;
    const [held] = await holder<{ id: string }[]>`
      select id from users where email_hash_prev is null order by id desc limit 1 for update`;
    const ran = await commands.key('rotate-index email backfill --full-speed');
    await holder`rollback`;
    holder.release();
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`${USERS + 1 - 500} rows looked at`) });
    expect(ran.stderr).toContain('1 left because others changed them');
    expect(await sql()`select id from users where email_hash_prev is null`).toEqual([held]);
    expect(await untouched()).toEqual(before);
  });

  test('attempts to log in follow where the address is known; others age out', async () => {
    const hashes = new Map(
      (await sql()<{ id: string; hash: string }[]>`select id, email_hash as hash from login_attempts`).map(
        ({ id, hash }) => [id, hash],
      ),
    );
    expect(hashes.get(known)).toBe(newer.hash('email', 'user7@example.com'));
    expect(hashes.get(unknown)).toBe(older.hash('email', 'nobody@example.com'));
  });

  test('a hash that belongs to no key is named, left alone, and keeps the older key from being retired', async () => {
    const [{ id }] = await sql()<[{ id: string }]>`select id from users order by id limit 1`;
    const good = await hashOf(id);
    await sql()`update users set email_hash = ${'0'.repeat(64)} where id = ${id}`;
    const ran = await commands.key('rotate-index email finish --grace 0 --full-speed');
    expect(ran).toMatchObject({ code: 5, stdout: expect.stringContaining(id) });
    expect(ran.stdout).toContain('foreign');
    expect(await statuses()).toEqual(['1 ROTATING', '2 ACTIVE']);
    await sql()`update users set email_hash = ${good?.hash ?? ''} where id = ${id}`;
  });

  test('finish waits for the grace period, renews what late writers wrote, and retires the key', async () => {
    const late = await older.addUser(sql(), 'late@example.com');
    const ran = await commands.key('rotate-index email finish --grace 0 --full-speed');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('the older one is retired') });
    expect(await hashOf(late)).toEqual({
      hash: newer.hash('email', 'late@example.com'),
      previous: older.hash('email', 'late@example.com'),
    });
    expect(await statuses()).toEqual(['1 RETIRED', '2 ACTIVE']);
    expect(await commands.key('verify --table users')).toMatchObject({ code: 0 });
    expect(await commands.key('rotate-index email start')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('users still hold hashes of the last rotation'),
    });
  });

  test('clear erases the older hashes when no cache can have the key any more', async () => {
    const before = await untouched();
    expect(await commands.key('rotate-index email clear --grace 1h')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('writers may still have the retired key in their cache'),
    });
    expect(await commands.key('rotate-index email clear --grace 0')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${USERS + 2} older hashes erased`),
    });
    expect(await sql()`select from users where email_hash_prev is not null`).toHaveLength(0);
    expect(await sql()`select to_regclass('uk_users_email_hash_rotating') as index`).toEqual([{ index: null }]);
    expect(await untouched()).toEqual(before);
    expect(await commands.key('rotate-index email status')).toMatchObject({
      stderr: expect.stringContaining('email-v2 is active, email-v1 is retired'),
    });
  });

  test('an invalid index of an interrupted start is built again', async () => {
    await sql()`update users set email_hash_prev = null`;
    await sql().unsafe(
      'create unique index uk_users_email_hash_rotating on users (coalesce(email_hash_prev, email_hash))',
    );
    await sql()`update pg_index set indisvalid = false where indexrelid = 'uk_users_email_hash_rotating'::regclass`;
    expect(await commands.key('rotate-index email start')).toMatchObject({ code: 0 });
    expect(
      await sql()`select indisvalid as valid from pg_index where indexrelid = 'uk_users_email_hash_rotating'::regclass`,
    ).toEqual([{ valid: true }]);
    expect(await statuses()).toEqual(['1 RETIRED', '2 ROTATING', '3 ACTIVE']);
  });
});
