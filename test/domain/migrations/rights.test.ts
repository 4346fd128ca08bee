import { describe, expect, onTestFinished, test } from 'vitest';
import { prepareUp } from '../../../src/domain/migrations/prepare-plan.ts';
import { writableSession } from '../../../src/domain/migrations/prepare.ts';
import { readStatus } from '../../../src/domain/migrations/status.ts';
import { testContext } from '../../support/context.ts';
import { createRole } from '../../support/roles.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { emptyDatabase, folderOf, refusalOf, relationExists, up } from './runner.ts';

const A = { '001_a.up.sql': 'create table a (id int);', '002_b.up.sql': 'create table b (id int);' };

async function readerOf(database: TestDatabase) {
  const role = await createRole();
  onTestFinished(async () => role.drop());
  return { ...role, url: database.urlFor(role) };
}

describe('a role with SELECT only', () => {
  test('reads status and plan, and is told what it lacks for up', async () => {
    const database = await emptyDatabase();
    const reader = await readerOf(database);
    await up(database, A, { count: 1 });
    await database.sql.unsafe(`grant select on schema_migrations, schema_migration_journal to ${reader.user}`);
    const ctx = testContext(reader.url, await folderOf(A));
    const session = await ctx.db.session();
    expect((await readStatus(ctx, session)).states.map(({ state }) => state)).toEqual(['applied', 'pending']);
    expect((await prepareUp(ctx, session, {})).files.map(({ version }) => version)).toEqual(['002']);
    const error = await refusalOf(up(reader, A));
    expect(error).toMatchObject({
      code: 'permission',
      message: 'this role may not write public.schema_migration_journal',
    });
    await database.sql.unsafe(`drop owned by ${reader.user}`);
  });

  test('without the right to read the ledger it is told so, instead of "nothing applied"', async () => {
    const database = await emptyDatabase();
    const reader = await readerOf(database);
    await up(database, A);
    const ctx = testContext(reader.url, await folderOf(A));
    const error = await refusalOf(ctx.db.session().then((session) => readStatus(ctx, session)));
    expect(error.code).toBe('permission');
    expect(error.details.hint).toContain('grant select on public.');
  });

  test('on a database without a ledger sees everything pending, and creates nothing', async () => {
    const database = await emptyDatabase();
    const reader = await readerOf(database);
    const ctx = testContext(reader.url, await folderOf(A));
    const { states } = await readStatus(ctx, await ctx.db.session());
    expect(states.map(({ state }) => state)).toEqual(['pending', 'pending']);
    expect(await relationExists(database, 'public.schema_migrations')).toBe(false);
    expect((await refusalOf(up(reader, A))).code).toBe('permission');
  });
});

describe('a session that may not write', () => {
  test('behind a transaction pooler is refused with the fix', async () => {
    const database = await emptyDatabase();
    const ctx = testContext(database.url);
    const session = await ctx.db.session();
    const pooled = { ...session, server: { ...session.server, pooled: true } };
    const error = await refusalOf(writableSession({ db: { ...ctx.db, session: async () => pooled } }));
    expect(error.code).toBe('precondition');
    expect(error.details.hint).toContain('ORDERSYNC_DATABASE_URL');
  });

  test('is refused before anything, and status still works', async () => {
    const database = await emptyDatabase();
    await database.sql.unsafe(`alter database ${database.name} set default_transaction_read_only = on`);
    expect(await refusalOf(up(database, A))).toMatchObject({
      code: 'precondition',
      message: 'this session is read-only: default_transaction_read_only is on',
    });
    const ctx = testContext(database.url, await folderOf(A));
    expect((await readStatus(ctx, await ctx.db.session())).states).toHaveLength(2);
  });
});

test("another tool's schema_migrations is not taken for the ledger", async () => {
  const database = await emptyDatabase();
  await database.sql`create table schema_migrations (version varchar(128) primary key)`;
  const error = await refusalOf(up(database, A));
  expect(error).toMatchObject({ code: 'precondition', message: 'public.schema_migrations is not an ordersync ledger' });
});

test('a ledger written by hand as the specification shows is understood', async () => {
  const database = await emptyDatabase();
  await database.sql.unsafe(`create table schema_migrations (version varchar(20) primary key, description text not null,
    applied_at timestamptz not null default now(), execution_time_ms bigint, checksum varchar(64))`);
  await database.sql`insert into schema_migrations (version, description, execution_time_ms) values ('1', 'by hand', 12)`;
  const { result } = await up(database, A);
  expect(result.files.map(({ version }) => version)).toEqual(['002']);
});
