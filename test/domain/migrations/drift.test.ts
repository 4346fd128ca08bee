import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSession } from '../../../src/db/connect.ts';
import { resolveConnection } from '../../../src/db/settings/resolve.ts';
import { readDrift } from '../../../src/domain/migrations/drift.ts';
import { loadMigrations } from '../../../src/domain/migrations/file/load.ts';
import { createLedger } from '../../../src/domain/migrations/queries.ts';
import { driven, testContext } from '../../support/context.ts';
import { migrationFolder, PROJECT_MIGRATIONS, projectWith } from '../../support/migration-files.ts';
import { asSuperuser, createDatabase, type Template, type TestDatabase } from '../../support/postgres.ts';
import { createOwnedDatabase } from '../../support/roles.ts';
import { migrateUp } from '../../support/schema.ts';
import { emptyDatabase, up } from './runner.ts';

/** The project's schema with its ledger, as `migrate up` leaves them. */
const migrated: Template = {
  name: 'drift',
  build: async (url) => {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    await migrateUp(sql);
    const session = await openSession(resolveConnection({ flags: { url }, env: {} }), {
      applicationName: 'ordersync test',
    });
    await createLedger(session.sql);
    for (const { version, description, checksum } of await loadMigrations(PROJECT_MIGRATIONS)) {
      await sql`insert into schema_migrations (version, description, checksum) values (${version}, ${description}, ${checksum})`;
    }
    await session.close();
    await sql.end();
  },
};

async function driftOf(database: { readonly url: string }, dir = PROJECT_MIGRATIONS) {
  return (await driven(readDrift(testContext(database.url, dir)))).result;
}

/** A copy for one test; looked over for leftovers after the test's own sessions are closed. */
async function migratedDatabase(): Promise<TestDatabase> {
  const database = await createDatabase({ template: migrated });
  onTestFinished(async () => {
    await database.assertNothingLeft();
    await database.drop();
  });
  return database;
}

describe('readDrift', () => {
  test('a database as the files made it has none, and the live one is not touched', async () => {
    const database = await migratedDatabase();
    const before = await database.sql`select pg_current_wal_lsn() is not null as ok, count(*) from pg_class`;
    const drift = await driftOf(database);
    expect(drift).toMatchObject({ differences: [], notes: [] });
    expect(drift.objects).toBeGreaterThan(400);
    expect(drift.actual).toBe(drift.expected);
    expect(await database.sql`select pg_current_wal_lsn() is not null as ok, count(*) from pg_class`).toEqual(before);
  });

  test('a database whose months began earlier, reach further and have left in part is clean', async () => {
    const database = await migratedDatabase();
    await database.sql`select ensure_month_partitions((now() - interval '3 months')::date, (now() + interval '9 months')::date)`;
    const [oldest] = await database.sql`
      select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'notification_logs'::regclass and inhrelid::regclass::text ~ '_y'
      order by 1 limit 1`;
    await database.sql.unsafe(`drop table ${oldest?.['name']}`);
    const drift = await driftOf(database);
    expect(drift.differences).toEqual([]);
    expect(drift.actual).toBe(drift.expected);
  });

  test('what was done by hand is named object by object', async () => {
    const database = await migratedDatabase();
    await database.sql.unsafe(`
      alter table users add column nickname text;
      alter table menus alter column price drop not null;
      drop index idx_orders_restaurant_status;
      alter table payments drop constraint ck_payments_amounts;
      create table left_over (id int primary key);
      grant delete on users to application_role;
      alter table orders disable row level security;
      drop policy orders_access_policy on orders;
      comment on table user_sessions is null;
      create or replace function app_current_user_id() returns uuid language sql stable as $$ select null::uuid $$;
    `);
    const { differences, actual, expected } = await driftOf(database);
    expect(actual).not.toBe(expected);
    expect(differences.map(({ change, kind, identity }) => `${change} ${kind} ${identity}`)).toMatchInlineSnapshot(`
      [
        "different column public.menus.price",
        "unexpected column public.users.nickname",
        "missing comment table public.user_sessions",
        "missing constraint ck_payments_amounts on public.payments",
        "different function public.app_current_user_id()",
        "unexpected grant to application_role on public.users",
        "missing index idx_orders_restaurant_status on public.orders",
        "missing policy orders_access_policy on public.orders",
        "unexpected table public.left_over",
        "different table public.orders",
      ]
    `);
  });

  test('a month without its guard, its index or its row security is named, and so is one that lets others in', async () => {
    const database = await migratedDatabase();
    const rows = await database.sql<{ name: string; parent: string }[]>`
      select inhrelid::regclass::text as name, inhparent::regclass::text as parent
      from pg_inherits where inhrelid::regclass::text ~ '_y[0-9]{4}m[0-9]{2}$' and inhparent::regclass::text in ('audit_logs', 'orders')
      order by 1`;
    const audit = rows.find(({ parent }) => parent === 'audit_logs')?.name ?? '';
    const orders = rows.find(({ parent }) => parent === 'orders')?.name ?? '';
    await database.sql.unsafe(`
      drop trigger audit_logs_guard_truncate on ${audit};
      grant select on ${orders} to application_role;
      alter table ${orders} drop constraint ck_orders_created_at_month;
    `);
    const { differences } = await driftOf(database);
    expect(differences.map(({ change, kind, identity }) => `${change} ${kind} ${identity}`)).toEqual([
      `missing partition public.${audit}: trigger audit_logs_guard_truncate`,
      `missing partition public.${orders}: constraint ck_orders_created_at_month`,
      `unexpected partition public.${orders}: grant to application_role`,
    ]);
  });

  test('extensions of administrators are told; they, pending files and the ledger itself are no drift', async () => {
    const database = await migratedDatabase();
    await database.sql`drop extension if exists pg_stat_statements`;
    await database.sql`create extension pgcrypto`;
    await database.sql.unsafe(
      "comment on table schema_migrations is 'ours'; grant select on schema_migrations to public",
    );
    const later = { '900_later.up.sql': 'create table later (id int);', '900_later.down.sql': 'drop table later;' };
    const drift = await driftOf(database, await projectWith(later));
    expect(drift.differences).toEqual([]);
    expect(drift.notes).toEqual([
      expect.stringContaining('extension pg_stat_statements is not installed'),
      expect.stringContaining('extension pgcrypto is installed beyond'),
    ]);
  });

  test('a changed, missing or unknown applied file is refused, because nothing can be built from it', async () => {
    const database = await migratedDatabase();
    const dir = await projectWith({ '010_menus.up.sql': 'select 1;' });
    await database.sql`insert into schema_migrations (version, description, checksum) values ('950', 'gone', ${'0'.repeat(64)})`;
    await expect(driftOf(database, dir)).rejects.toMatchObject({
      code: 'checksum_mismatch',
      details: { body: [expect.stringContaining('010: changed'), expect.stringContaining('950: missing')] },
    });
  });
});

test('a database that never saw a migration is compared with an empty one', async () => {
  const database = await emptyDatabase();
  await database.sql`create table by_hand (id int)`;
  const drift = await driftOf(database);
  expect(drift.files).toBe(0);
  expect(drift.differences).toMatchObject([{ change: 'unexpected', kind: 'table', identity: 'public.by_hand' }]);
});

test('files outside a transaction and unqualified names under a search_path of the database are built alike', async () => {
  const database = await emptyDatabase();
  await asSuperuser((sql) => sql`alter database ${sql(database.name)} set search_path = app`);
  const dir = await migrationFolder({
    '001_app.up.sql': 'create schema app; create table t (id int);',
    '002_i.up.sql': '-- ordersync: no-transaction\ncreate index concurrently i on t (id);',
  });
  await up(database, dir);
  expect((await driftOf(database, dir)).differences).toEqual([]);
  await database.sql`drop index app.i`;
  expect((await driftOf(database, dir)).differences).toMatchObject([{ change: 'missing', identity: 'i on app.t' }]);
});

test('an ordinary owner with CREATEDB sees the same as a superuser', async () => {
  const owned = await createOwnedDatabase();
  await asSuperuser((sql) => sql.unsafe(`alter role ${owned.owner.user} createdb`));
  const target = { url: owned.ownerUrl };
  try {
    await up(target, PROJECT_MIGRATIONS);
    const drift = await driftOf(target);
    expect(drift.differences).toEqual([]);
    expect((await driftOf(owned)).differences).toEqual([]);
  } finally {
    await owned.drop();
  }
});
