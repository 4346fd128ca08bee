import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, testServer } from '../support/postgres.ts';
import { createOwnedDatabase, createRole } from '../support/roles.ts';
import { failureOf, migrateDown, migrateUp } from '../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../support/server-log.ts';
import { addAuditLog, addMenu, addOrder, addOrderItem, addPayment, addRefund, addRestaurant, addUser } from './rows.ts';

async function readCatalogue(sql: postgres.Sql): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, 'catalogue.sql'), 'utf8');
  return (await sql.unsafe<{ line: string }[]>(text)).map(({ line }) => line);
}

async function ownedDatabase(): Promise<{ readonly name: string; readonly sql: postgres.Sql }> {
  const database = await createOwnedDatabase();
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  onTestFinished(async () => {
    await sql.end();
    await database.drop();
  });
  return { name: database.name, sql };
}

describe('the migrations', () => {
  test('run as an ordinary role: up, down and up again give one catalogue, and no error in the server log', async () => {
    const mark = await markServerLog();
    const { name, sql } = await ownedDatabase();
    const empty = await readCatalogue(sql);

    await migrateUp(sql);
    const first = await readCatalogue(sql);
    await migrateDown(sql);
    const reverted = await readCatalogue(sql);
    await migrateUp(sql);
    const second = await readCatalogue(sql);

    expect(first.length).toBeGreaterThan(1000);
    expect(second).toEqual(first);
    // Extensions stay: others may use them by now.
    expect(reverted.filter((line) => !line.startsWith('extension pg_trgm'))).toEqual(empty);
    await assertNoServerErrors(mark, name);
  });

  test('go down when the tables hold rows, in catch-alls too', async () => {
    const { sql } = await ownedDatabase();
    await migrateUp(sql);
    const restaurant = await addRestaurant(sql, await addUser(sql));
    const order = await addOrder(sql, restaurant, { id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' });
    await addOrderItem(sql, order, await addMenu(sql, restaurant));
    await addRefund(sql, await addPayment(sql, order));
    await addAuditLog(sql, { created_at: '2001-01-01T00:00:00Z' });
    await migrateDown(sql);
    expect(await sql`select from pg_class where relnamespace = 'public'::regnamespace`).toHaveLength(0);
  });

  test('serve two databases of one cluster with different owners', async () => {
    const [one, two] = [await ownedDatabase(), await ownedDatabase()];
    await migrateUp(one.sql);
    await migrateUp(two.sql);
    const [granted] = await two.sql<{ granted: boolean }[]>`
      select has_table_privilege('application_role', 'orders', 'select') as granted`;
    expect(granted).toEqual({ granted: true });
  });

  test('say what is missing when the roles are absent and the owner may not create them', async () => {
    // The roles of a cluster cannot be absent while other tests use them, so the file asks for one that never exists.
    const file = await readFile(join(import.meta.dirname, '../../migrations/002_roles.up.sql'), 'utf8');
    const role = await createRole();
    const database = await createDatabase({ owner: role.user });
    const sql = postgres(database.urlFor(role), { max: 1 });
    onTestFinished(async () => {
      await sql.end();
      await database.drop();
      await role.drop();
    });
    const failure = await failureOf(sql.unsafe(file.replace("'application_role'", "'absent_role'")).simple());
    expect(failure).toMatchObject({
      code: '42501',
      message: `role absent_role does not exist and ${role.user} may not create roles`,
      hint: `run as an administrator: create role absent_role nologin; or: alter role ${role.user} createrole`,
    });
  });

  test('leave a text search configuration named korean alone that somebody else made', async () => {
    const { sql } = await ownedDatabase();
    await sql`create text search configuration public.korean (copy = pg_catalog.english)`;
    await migrateUp(sql);
    await migrateDown(sql);
    expect(await sql`select from pg_ts_config where cfgname = 'korean'`).toHaveLength(1);
  });

  test('create pg_stat_statements where the role may', async () => {
    const database = await createDatabase();
    const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
    onTestFinished(async () => {
      await sql.end();
      await database.drop();
    });
    await migrateUp(sql);
    expect(await sql`select from pg_extension where extname = 'pg_stat_statements'`).toHaveLength(1);
  });

  test('tell that Hangul has no trigrams under lc_ctype C, and make the index all the same', async () => {
    const role = await createRole({ createRole: true });
    const admin = postgres(testServer().url, { max: 1 });
    const name = `${role.user}_c`;
    await admin.unsafe(
      `create database ${name} owner ${role.user} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`,
    );
    const notices: string[] = [];
    const url = Object.assign(new URL(testServer().url), {
      username: role.user,
      password: role.password,
      pathname: `/${name}`,
    });
    const sql = postgres(url.href, { max: 1, onnotice: ({ message }) => notices.push(message ?? '') });
    onTestFinished(async () => {
      await sql.end();
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
      await role.drop();
    });
    await migrateUp(sql);
    expect(notices).toContain(
      'lc_ctype C yields no trigrams for Hangul: substring search on restaurants.name_search finds nothing',
    );
    expect(await sql`select from pg_class where relname = 'idx_restaurants_name_search_trgm'`).toHaveLength(1);
  });
});
