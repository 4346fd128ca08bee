import { describe, expect, test } from 'vitest';
import postgres from 'postgres';
import { asSuperuser, createDatabase, testServer, useDatabase, type Template } from './postgres.ts';
import { createOwnedDatabase } from './roles.ts';
import { assertNoServerErrors, markServerLog, readServerLog } from './server-log.ts';

const BUILT: Template = {
  name: 'harness',
  build: async (url) => {
    const sql = postgres(url, { max: 1 });
    await sql`create table built (at timestamptz default now())`;
    await sql`insert into built default values`;
    await sql.end({ timeout: 5 });
  },
};

describe('a database of a test file', () => {
  const database = useDatabase({ template: BUILT });

  test('is a copy of a template that was built once, however many ask at a time', async () => {
    const others = await Promise.all([1, 2, 3].map(async () => createDatabase({ template: BUILT })));
    const times = await Promise.all(
      [database.current, ...others].map(async ({ sql }) => sql`select at::text from built`),
    );
    expect(new Set(times.map(([row]) => String(row?.['at']))).size).toBe(1);
    await Promise.all(others.map(async (other) => other.drop()));
    const names = others.map(({ name }) => name);
    expect(await asSuperuser(async (sql) => sql`select from pg_database where datname in ${sql(names)}`)).toHaveLength(
      0,
    );
  });

  test('tells of a connection and of an advisory lock that were left', async () => {
    const other = await createDatabase();
    const forgotten = postgres(other.url, { max: 1, connection: { application_name: 'forgotten' } });
    await forgotten`select pg_advisory_lock(42)`;
    await expect(other.assertNothingLeft(1000)).rejects.toThrow(/"forgotten"[\s\S]*advisory lock 0\/42\/1/);
    await forgotten.end({ timeout: 5 });
    await other.assertNothingLeft();
    await other.drop();
  });

  test('shows its own part of the server log', async () => {
    const mark = await markServerLog();
    const other = await createDatabase();
    await expect(other.sql`select 1 / 0`).rejects.toThrow('division by zero');
    await assertNoServerErrors(mark, database.current.name);
    await expect(assertNoServerErrors(mark, other.name)).rejects.toThrow('division by zero');
    expect((await readServerLog(mark, { database: other.name })).join('\n')).toContain('STATEMENT:  select 1 / 0');
    await other.drop();
  });
});

describe('a database that is owned by an ordinary role', () => {
  test('lets its owner create schemas, trusted extensions and roles, and leaves nothing of them', async () => {
    const owned = await createOwnedDatabase();
    const role = `${owned.owner.user}_made`;
    const sql = postgres(owned.ownerUrl, { max: 1, onnotice: () => undefined });
    await sql`create extension pg_trgm`;
    await sql`create table public.mine (id integer)`;
    await sql`create role ${sql(role)}`;
    await sql`grant select on public.mine to ${sql(role)}`;
    await sql.end({ timeout: 5 });
    await owned.assertNothingLeft();
    await owned.drop();
    await asSuperuser(async (superuser) => superuser`drop role ${superuser(role)}`);
    const left = await asSuperuser(
      async (superuser) => superuser`select from pg_roles where rolname like ${`${owned.owner.user}%`}`,
    );
    expect(left).toHaveLength(0);
  });

  test('shares the server with another one whose schema uses the same cluster-wide role', async () => {
    const [first, second] = [await createOwnedDatabase(), await createOwnedDatabase()];
    const shared = `shared_${first.owner.user}`;
    for (const { ownerUrl } of [first, second]) {
      const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined });
      const [known] = await sql`select from pg_roles where rolname = ${shared}`;
      if (known === undefined) await sql`create role ${sql(shared)} nologin`;
      await sql`create table public.mine (id integer)`;
      await sql`grant select on public.mine to ${sql(shared)}`;
      await sql.end({ timeout: 5 });
    }
    // The database of the role's creator goes first; the other one keeps its grants.
    await first.drop();
    const grants = await second.sql`select has_table_privilege(${shared}, 'public.mine', 'select') as granted`;
    expect(grants[0]?.['granted']).toBe(true);
    await second.drop();
    await asSuperuser(async (sql) => sql`drop role ${sql(shared)}`);
  });
});

test('the server is of the version under test, with the extensions the project uses', async () => {
  const [row] = await asSuperuser(
    async (sql) => sql`
      select current_setting('server_version_num')::int / 10000 as version,
             array(select name::text from pg_available_extensions where name in ('pg_trgm', 'pgcrypto', 'btree_gist', 'pg_stat_statements') order by name) as extensions`,
  );
  expect(row).toEqual({
    version: testServer().version,
    extensions: ['btree_gist', 'pg_stat_statements', 'pg_trgm', 'pgcrypto'],
  });
});
