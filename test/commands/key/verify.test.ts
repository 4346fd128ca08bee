import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import type { Application, FilledRows } from '../../support/application.ts';
import { rowsOf, useKeyCommands } from './fixture.ts';

describe('key verify', () => {
  const commands = useKeyCommands();
  let application: Application;
  let filled: FilledRows;
  beforeAll(async () => {
    application = await commands.start();
    filled = await commands.fill(application);
    await commands.fill(application);
  });
  const sql = () => commands.database.current.sql;

  test('finds nothing where nothing is wrong, in every table with encrypted columns', async () => {
    const { code, stdout, stderr } = await commands.key('verify --progress none');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringContaining('users') });
    // 36 pairs of 13 tables, twice; 11 rows without an address, which the audit log got for 7 keys, 2 users, 2 payments.
    expect(stderr).toContain('72 values in 37 rows of 13 tables decrypted');
    expect(stderr).toContain('nothing is wrong with them');
  });

  /** Plants a fault in a row of its own, and takes the row away again. The faults that were found in it. */
  async function found(plant: (id: string) => Promise<unknown>) {
    const id = await application.addUser(sql(), `${randomUUID()}@example.com`);
    await plant(id);
    const ran = await commands.key('verify --format json');
    await sql()`delete from users where id = ${id}`;
    const faults = rowsOf(ran).map((row) => {
      expect(row).toMatchObject({ table: 'users', id });
      return [row['column'], row['fault'], row['detail']];
    });
    return { code: ran.code, faults };
  }

  test('1: plaintext', async () => {
    expect(
      await found(async (id) => sql()`update users set name_encrypted = 'hunter2 김민지' where id = ${id}`),
    ).toEqual({ code: 5, faults: [['name_encrypted', 'plaintext', 'does not begin like a ciphertext']] });
  });

  test('2: a damaged encoding', async () => {
    expect(
      await found(async (id) => sql()`update users set phone_encrypted = phone_encrypted || '=' where id = ${id}`),
    ).toEqual({ code: 5, faults: [['phone_encrypted', 'malformed', null]] });
  });

  test('3: a truncated value', async () => {
    expect(
      await found(async (id) => sql()`update users set phone_encrypted = left(phone_encrypted, 44) where id = ${id}`),
    ).toEqual({ code: 5, faults: [['phone_encrypted', 'truncated', null]] });
  });

  test('4: a value of a newer format', async () => {
    expect(
      await found(
        async (id) => sql()`update users set name_encrypted = 'os2' || substr(name_encrypted, 4) where id = ${id}`,
      ),
    ).toEqual({ code: 5, faults: [['name_encrypted', 'unknown_version', null]] });
  });

  test('5: a key that the database does not know', async () => {
    expect(
      await found(
        async (id) =>
          sql()`update users set name_encrypted = 'os1_ORPHAN00' || substr(name_encrypted, 13) where id = ${id}`,
      ),
    ).toEqual({ code: 5, faults: [['name_encrypted', 'unknown_key', 'kid ORPHAN00']] });
  });

  test('6: a key column that names another key', async () => {
    expect(await found(async (id) => sql()`update users set email_key_id = 'business-v1' where id = ${id}`)).toEqual({
      code: 5,
      faults: [['email_encrypted', 'key_mismatch', 'the value is under pii-v1']],
    });
  });

  test('7: half a pair', async () => {
    await sql()`alter table users drop constraint ck_users_name_pair`;
    expect(await found(async (id) => sql()`update users set name_key_id = null where id = ${id}`)).toEqual({
      code: 5,
      faults: [['name_encrypted', 'half_pair', 'name_key_id is null']],
    });
    await sql()`alter table users add constraint ck_users_name_pair check ((name_encrypted is null) = (name_key_id is null))`;
  });

  test('8: a changed byte', async () => {
    expect(
      await found(async (id) => {
        const [row] = await sql()<{ text: string }[]>`select name_encrypted as text from users where id = ${id}`;
        const text = row?.text ?? '';
        const flipped = text.slice(0, 40) + (text[40] === 'A' ? 'B' : 'A') + text.slice(41);
        await sql()`update users set name_encrypted = ${flipped} where id = ${id}`;
      }),
    ).toEqual({ code: 5, faults: [['name_encrypted', 'tag_mismatch', null]] });
  });

  test('9: a value moved to another column, and one copied from another row', async () => {
    const other = await application.addUser(sql(), 'other@example.com');
    expect(
      await found(
        async (id) =>
          sql()`
          update users set name_encrypted = phone_encrypted,
            phone_encrypted = (select phone_encrypted from users where id = ${other})
          where id = ${id}`,
      ),
    ).toEqual({
      code: 5,
      faults: [
        ['phone_encrypted', 'swapped', `belongs to the row ${other}`],
        ['name_encrypted', 'swapped', 'belongs to the column phone_encrypted'],
      ],
    });
    await sql()`delete from users where id = ${other}`;
  });

  test('9b: two rows whose values were exchanged, both of them', async () => {
    const [one, two] = [
      await application.addMenu(sql(), filled.restaurant, 'one'),
      await application.addMenu(sql(), filled.restaurant, 'two'),
    ];
    await sql()`
      update menus set name_encrypted = (select name_encrypted from menus other where other.id <> menus.id and other.id in (${one}, ${two}))
      where id in (${one}, ${two})`;
    const rows = await commands.rows('verify --table menus');
    const swapped = { table: 'menus', column: 'name_encrypted', fault: 'swapped' };
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual({ ...swapped, id: one, detail: `belongs to the row ${two}` });
    expect(rows).toContainEqual({ ...swapped, id: two, detail: `belongs to the row ${one}` });
    await sql()`delete from menus where id in (${one}, ${two})`;
  });

  test('10: one nonce for two values', async () => {
    const nonce = randomBytes(12);
    const [one, two] = [
      await application.addMenu(sql(), filled.restaurant, 'one'),
      await application.addMenu(sql(), filled.restaurant, 'two'),
    ];
    for (const id of [one, two]) {
      const { name_encrypted: text } = application.encrypt('menus', 'name_encrypted', id, id, () => nonce);
      await sql()`update menus set name_encrypted = ${text ?? ''} where id = ${id}`;
    }
    const rows = await commands.rows('verify --table menus');
    expect(rows).toEqual(
      [one, two].toSorted().map((id) => ({
        table: 'menus',
        id,
        column: 'name_encrypted',
        fault: 'duplicate_nonce',
        detail: 'another value has the same key and nonce',
      })),
    );
    const sampled = await commands.key('verify --table menus --sample 100%');
    expect(sampled).toMatchObject({ code: 0, stderr: expect.stringContaining('only a full run looks for them') });
    await sql()`delete from menus where id in (${one}, ${two})`;
  });

  test('11: a hash that is not the value’s', async () => {
    expect(await found(async (id) => sql()`update users set email_hash = ${'0'.repeat(64)} where id = ${id}`)).toEqual({
      code: 5,
      faults: [['email_encrypted', 'blind_index', 'email_hash is not the hash of the value']],
    });
  });

  test('12: the pair of no address, only where it belongs', async () => {
    const session = await application.addSession(sql(), filled.user, '192.0.2.44');
    await sql()`update user_sessions set ip_address_encrypted = 'none' where id = ${session}`;
    expect(await commands.rows('verify --table user_sessions')).toEqual([
      {
        table: 'user_sessions',
        id: session,
        column: 'ip_address_encrypted',
        fault: 'half_pair',
        detail: 'only ip_address_encrypted is "none"',
      },
    ]);
    await sql()`update user_sessions set ip_key_id = 'none', ip_hash = null where id = ${session}`;
    expect(await commands.rows('verify --table user_sessions')).toEqual([]);
    expect(
      await found(async (id) => sql()`update users set name_encrypted = 'none', name_key_id = 'none' where id = ${id}`),
    ).toEqual({ code: 5, faults: [['name_encrypted', 'plaintext', 'does not begin like a ciphertext']] });
  });

  test('copies of an audit row under one trace are no repeated nonce, and the archive is verified too', async () => {
    await sql()`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, success)
      select trace_id, 'LOGOUT', resource_type, ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id, success
      from audit_logs where trace_id = ${filled.trace} limit 1`;
    expect(await commands.rows('verify --table audit_logs --table audit_logs_archive')).toEqual([]);
    // Append-only for everybody; who may alter the table can switch the guard off.
    await sql()`alter table audit_logs_archive disable trigger all`;
    const [moved] = await sql()<{ id: string }[]>`
      update audit_logs_archive set trace_id = 'ffffffffffffffffffffffffffffffff'
      where trace_id = ${filled.trace} returning id`;
    const rows = await commands.rows('verify --table audit_logs_archive');
    expect(rows.map(({ id, fault }) => [id, fault])).toEqual(
      Array.from({ length: 4 }, () => [moved?.id, 'tag_mismatch']),
    );
    await sql()`update audit_logs_archive set trace_id = ${filled.trace} where id = ${moved?.id ?? ''}`;
    await sql()`alter table audit_logs_archive enable trigger all`;
  });

  test('never shows a value: not in the report, not on stderr', async () => {
    const id = await application.addUser(sql(), 'hunter2@example.com');
    await sql()`update users set name_encrypted = 'hunter2 is my name', phone_encrypted = 'os1_hunter22' || phone_encrypted where id = ${id}`;
    const { stdout, stderr } = await commands.key('verify --verbose --debug');
    expect(`${stdout}${stderr}`).not.toContain('hunter2 is');
    expect(`${stdout}${stderr}`).not.toContain('hunter2@');
    await sql()`delete from users where id = ${id}`;
  });

  test('a sample says how sure it is, and reads about as many rows as asked for', async () => {
    for (let user = 0; user < 60; user += 1) await application.addUser(sql(), `sample${user}@example.com`);
    const { code, stderr } = await commands.key('verify --table users --sample 20');
    expect(code).toBe(0);
    const rows = Number(/in (\d+) rows/.exec(stderr)?.[1]);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(55);
    expect(stderr).toMatch(/a sample: with 95 % confidence, fewer than \d+(\.\d+)? % of all rows have a fault/);
    expect(await commands.key('verify --sample half')).toMatchObject({ code: 2 });
    expect(await commands.key('verify --sample 0%')).toMatchObject({ code: 2 });
    expect(await commands.key('verify --table carts')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the table "carts" has no encrypted columns'),
    });
  });

  test('a role that cannot see every row is refused, with the tables named', async () => {
    const url = new URL(commands.database.current.url);
    const login = Object.assign(url, { username: 'schema_shop', password: 'schema' }).href;
    const { code, stderr } = await run(['key', 'verify'], {
      env: { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: login },
    });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('this role cannot see every encrypted row'),
    });
    expect(stderr).toContain('orders: row security hides rows');
    expect(stderr).toContain('users: select is not granted');
  });
});
