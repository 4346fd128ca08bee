import { describe, expect, test } from 'vitest';
import { diffCatalogues } from '../../../../src/domain/migrations/catalogue/diff.ts';
import { fingerprintOf } from '../../../../src/domain/migrations/catalogue/fingerprint.ts';
import { readCatalogue } from '../../../../src/domain/migrations/catalogue/read.ts';
import { simpleText } from '../../../../src/db/text.ts';
import { testContext } from '../../../support/context.ts';
import { createDatabase, useDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { createOwnedDatabase, createRole } from '../../../support/roles.ts';

const first = useDatabase();
const second = useDatabase();

async function catalogueOf(database: Pick<TestDatabase, 'url'>, settings = '') {
  const session = await testContext(database.url).db.session();
  if (settings !== '') await simpleText(session, settings);
  return readCatalogue(session);
}

/** Both ways of saying the same schema end in the same fingerprint. */
async function fingerprints(one: string, other: string, settings = ''): Promise<[string, string]> {
  await first.current.sql.unsafe(
    `drop schema if exists s cascade; create schema s; set search_path = s; ${one}; reset search_path`,
  );
  await second.current.sql.unsafe(
    `drop schema if exists s cascade; create schema s; set search_path = s; ${other}; reset search_path`,
  );
  const left = await catalogueOf(first.current);
  const right = await catalogueOf(second.current, settings);
  // The two ways to compare agree, except on extensions, which the fingerprint leaves out.
  const differences = diffCatalogues(left, right).filter(({ kind }) => kind !== 'extension');
  expect(differences.length === 0).toBe(fingerprintOf(left) === fingerprintOf(right));
  return [fingerprintOf(left), fingerprintOf(right)];
}

/** One month's partition of table p. */
function month(n: number): string {
  return `create table p_y2026m${String(n).padStart(2, '0')} partition of p for values from ('2026-${n}-01') to ('2026-${n + 1}-01')`;
}

const TABLES = `
  create table a (id int primary key, at timestamptz default '2026-01-01 10:00:00+00', f float8 default 0.1, i interval default '1 day 2 hours', b bytea default '\\xff');
  create table b (id int, a_id int references a, money numeric check (money > 1.5))`;

describe('fingerprintOf', () => {
  test('does not depend on the order in which things were made', async () => {
    const [one, other] = await fingerprints(
      `${TABLES}; create index x on b (id); create index y on b (a_id)`,
      `create table b (id int); create table filler (); drop table filler;
       create table a (id int, at timestamptz default '2026-01-01 10:00:00+00', f float8 default 0.1, i interval default '1 day 2 hours', b bytea default '\\xff');
       alter table a add constraint a_pkey primary key (id);
       alter table b add money numeric, add a_id int;
       alter table b add check (money > 1.5);
       create index y on b (a_id); create index x on b (id);
       alter table b add foreign key (a_id) references a`,
    );
    expect(other).toBe(one);
  });

  test('does not depend on the settings of the session that reads', async () => {
    const [one, other] = await fingerprints(
      TABLES,
      TABLES,
      `set search_path = s, public; set timezone = 'Asia/Seoul'; set datestyle = 'German'; set intervalstyle = 'sql_standard';
       set extra_float_digits = -5; set bytea_output = 'escape'; set quote_all_identifiers = on; set role = pg_read_all_data;
       set statement_timeout = '5min'; set default_transaction_read_only = on`,
    );
    expect(other).toBe(one);
  });

  test('does not change by a grant that is taken back, a column that is dropped, rows, or statistics', async () => {
    const [one, other] = await fingerprints(
      TABLES,
      `${TABLES}; grant select on a to public; revoke select on a from public; alter table a add gone int; alter table a drop gone;
       insert into a values (1); analyze a; create temporary table t (); create table e (); drop table e`,
    );
    expect(other).toBe(one);
  });

  test('changes by one letter of a function, whatever the line ends around it', async () => {
    const [one, other] = await fingerprints(
      "create function f() returns text language sql as $$ select 'a' $$",
      "create function f() returns text language sql as $$ select 'b' $$",
    );
    expect(other).not.toBe(one);
  });

  test('partitions count by how they differ, not by name and number', async () => {
    const parent = 'create table p (id int not null, at date) partition by range (at); create index on p (at)';
    const [one, other] = await fingerprints(
      `${parent}; ${month(1)}; ${month(2)}`,
      `${parent}; ${month(2)}; ${month(3)}; ${month(7)}`,
    );
    expect(other).toBe(one);
    const [same, odd] = await fingerprints(
      `${parent}; ${month(1)}; ${month(2)}`,
      `${parent}; ${month(1)}; ${month(2)}; ${month(3)}; alter table p_y2026m02 alter at set not null`,
    );
    expect(odd).not.toBe(same);
  });

  test('a partition made by LIKE and ATTACH is like one made by PARTITION OF, also when names are cut at 63 bytes', async () => {
    const name = 'a_table_with_a_rather_long_name_for_a_partition';
    const parent = `create table ${name} (id int, a_column_that_is_long_too text, primary key (id)) partition by range (id);
      create index on ${name} (a_column_that_is_long_too, id); alter table ${name} add check (id > 0)`;
    const attach = (suffix: string, from: number): string =>
      `create table ${name}_${suffix} (like ${name} including all);
       create index on ${name}_${suffix} (lower(a_column_that_is_long_too), id);
       alter table ${name} attach partition ${name}_${suffix} for values from (${from}) to (${from + 1})`;
    const of = (suffix: string, from: number): string =>
      `create table ${name}_${suffix} partition of ${name} for values from (${from}) to (${from + 1});
       create index on ${name}_${suffix} (lower(a_column_that_is_long_too), id)`;
    const [one, other] = await fingerprints(
      `${parent}; ${attach('y2026m01', 1)}; ${attach('y2026m02', 2)}`,
      `${parent}; ${of('y2027m11', 1)}; ${attach('y2030m12', 2)}`,
    );
    expect(other).toBe(one);
  });

  test('does not depend on who owns the database and its objects', async () => {
    const owned = await createOwnedDatabase();
    const plain = await createDatabase();
    const role = await createRole();
    try {
      const sql = `create table t (id serial primary key); grant select on t to ${role.user}; alter default privileges grant select on tables to public`;
      const session = await testContext(owned.ownerUrl).db.session();
      await simpleText(session, sql);
      await plain.sql.unsafe(sql);
      expect(fingerprintOf(await readCatalogue(session))).toBe(fingerprintOf(await catalogueOf(plain)));
      await session.close();
    } finally {
      await owned.drop();
      await plain.drop();
      await role.drop();
    }
  });

  test('leaves out extensions, their members and the tables of the runner', async () => {
    const [one, other] = await fingerprints(
      'create extension if not exists pg_trgm schema public; drop extension if exists btree_gist',
      `create extension if not exists pg_trgm schema public;
       create extension btree_gist schema public;
       create table public.schema_migrations (version text primary key);
       create table public.schema_migration_journal (id bigint generated always as identity primary key);
       comment on table public.schema_migrations is 'ledger'; grant select on public.schema_migrations to public`,
    );
    expect(other).toBe(one);
    const { objects } = await catalogueOf(second.current);
    expect(objects.filter(({ identity }) => identity.includes('similarity'))).toEqual([]);
    expect(objects).toContainEqual({ kind: 'extension', identity: 'pg_trgm', definition: 'schema public' });
  });
});
