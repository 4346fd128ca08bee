import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { useKeyCommands } from './fixture.ts';

const commands = useKeyCommands();

test('demo data is clean, and ten faults planted in it are found by name, and nothing else', async () => {
  const application = await commands.start();
  const { sql, url } = commands.database.current;
  const env = { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: url };
  expect(await run(['seed', '--scale', 'small', '--yes', '--progress', 'none'], { env })).toMatchObject({ code: 0 });
  const clean = await commands.key('verify');
  expect(clean).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing is wrong with them') });
  expect(Number(/^(\d+) values/m.exec(clean.stderr)?.[1])).toBeGreaterThan(10_000);

  const users = (
    await sql<{ id: string }[]>`
    select id from users where phone_encrypted is not null and name_encrypted is not null order by id limit 6`
  ).map(({ id }) => id);
  const menus = (await sql<{ id: string }[]>`select id from menus order by id limit 4`).map(({ id }) => id);
  const [payment] = await sql<
    { id: string }[]
  >`select id from payments where external_id_hash is not null order by id limit 1`;
  const [session] = await sql<
    { id: string }[]
  >`select id from user_sessions where ip_key_id <> 'none' order by id limit 1`;
  const user = (index: number): string => users[index] ?? '';
  const menu = (index: number): string => menus[index] ?? '';
  const nonce = randomBytes(12);
  const underOneNonce = (id: string) => application.encrypt('menus', 'name_encrypted', id, id, () => nonce);
  await sql`alter table users drop constraint ck_users_name_pair`;
  await sql`update users set phone_encrypted = '010-0000-0000' where id = ${user(0)}`;
  await sql`update users set phone_encrypted = phone_encrypted || '!' where id = ${user(1)}`;
  await sql`update users set phone_encrypted = left(phone_encrypted, 44) where id = ${user(2)}`;
  await sql`update users set phone_encrypted = 'os1_ORPHAN00' || substr(phone_encrypted, 13) where id = ${user(3)}`;
  await sql`update users set phone_key_id = 'payment-v1' where id = ${user(4)}`;
  await sql`update users set name_key_id = null where id = ${user(5)}`;
  await sql`
    update menus set name_encrypted = (
      select other.name_encrypted from menus other where other.id = any (${menus.slice(0, 2)}::uuid[]) and other.id <> menus.id)
    where id = any (${menus.slice(0, 2)}::uuid[])`;
  for (const id of [menu(2), menu(3)]) await sql`update menus set ${sql(underOneNonce(id))} where id = ${id}`;
  await sql`update payments set external_id_hash = ${'0'.repeat(64)} where id = ${payment?.id ?? ''}`;
  await sql`update user_sessions set ip_address_encrypted = overlay(ip_address_encrypted placing 'AAAA' from 30) where id = ${session?.id ?? ''}`;

  const found = await commands.rows('verify');
  const expected = [
    ['users', user(0), 'phone_encrypted', 'plaintext'],
    ['users', user(1), 'phone_encrypted', 'malformed'],
    ['users', user(2), 'phone_encrypted', 'truncated'],
    ['users', user(3), 'phone_encrypted', 'unknown_key'],
    ['users', user(4), 'phone_encrypted', 'key_mismatch'],
    ['users', user(5), 'name_encrypted', 'half_pair'],
    ['menus', menu(0), 'name_encrypted', 'swapped'],
    ['menus', menu(1), 'name_encrypted', 'swapped'],
    ['menus', menu(2), 'name_encrypted', 'duplicate_nonce'],
    ['menus', menu(3), 'name_encrypted', 'duplicate_nonce'],
    ['payments', payment?.id, 'external_id_encrypted', 'blind_index'],
    ['user_sessions', session?.id, 'ip_address_encrypted', 'tag_mismatch'],
  ].map((words) => words.join(' '));
  const names = found.map(({ table, id, column, fault }) => [table, id, column, fault].join(' '));
  expect(names.toSorted()).toEqual(expected.toSorted());
});
