import { onTestFinished, describe, expect, test } from 'vitest';
import postgres from 'postgres';
import type { TestDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { testContext } from '../../support/context.ts';
import {
  down,
  emptyDatabase,
  type Files,
  folderOf,
  refusalOf,
  relationExists,
  up,
  upIn,
  versionsIn,
} from './runner.ts';

const OUTSIDE = '-- ordersync: no-transaction\n';
const TABLE = {
  '001_a.up.sql': 'create table a (id int, n int); insert into a select i, 7 from generate_series(1, 100) i;',
};

describe('a file outside a transaction', () => {
  test('runs statement by statement what no transaction can hold', async () => {
    const database = await emptyDatabase();
    const files = {
      ...TABLE,
      '002_b.up.sql': `${OUTSIDE}create index concurrently a_id on a (id);\nvacuum a;\nalter table a add column x int;`,
      '002_b.down.sql': `${OUTSIDE}alter table a drop column x;\ndrop index concurrently a_id;`,
    };
    const { result } = await up(database, files);
    expect(result.files.at(-1)).toMatchObject({ version: '002', statements: 3 });
    await down(database, files);
    expect(await versionsIn(database)).toEqual(['001']);
    expect(await relationExists(database, 'a_id')).toBe(false);
  });

  test('goes on at the statement that failed, and runs no other twice', async () => {
    const database = await emptyDatabase();
    const broken = {
      ...TABLE,
      '002_b.up.sql': `${OUTSIDE}insert into a values (1000);\ninsert into a values (1 / (select 0));\nvacuum a;`,
    };
    const error = await refusalOf(up(database, broken));
    expect(error.code).toBe('partial');
    expect(error.details.body?.at(-1)).toContain('1 statement of 002_b.up.sql took effect and will not run again');
    expect(await versionsIn(database)).toEqual(['001']);
    const mended = {
      ...TABLE,
      '002_b.up.sql': `${OUTSIDE}insert into a values (1000);\ninsert into a values (1001);\nvacuum a;`,
    };
    await up(database, mended);
    expect(await versionsIn(database)).toEqual(['001', '002']);
    expect(await database.sql`select id from a where id >= 1000 order by id`).toEqual([{ id: 1000 }, { id: 1001 }]);
  });

  test('refuses when a statement that took effect was edited', async () => {
    const database = await emptyDatabase();
    await refusalOf(
      up(database, { ...TABLE, '002_b.up.sql': `${OUTSIDE}insert into a values (1000);\nselect 1 / 0 from a;` }),
    );
    const error = await refusalOf(
      up(database, { ...TABLE, '002_b.up.sql': `${OUTSIDE}insert into a values (2000);\nselect 1;` }),
    );
    expect(error.code).toBe('checksum_mismatch');
    expect(error.message).toBe('statement 1 of 002_b.up.sql was edited after it took effect');
  });

  test('repeats its settings when it is resumed', async () => {
    const database = await emptyDatabase();
    await refusalOf(
      up(database, { '001_a.up.sql': schemaSwitching('select 1 / 0 from here, pg_class') }).then(() =>
        up(database, { '001_a.up.sql': schemaSwitching('select 1 / count(*) from here') }),
      ),
    );
    await up(database, { '001_a.up.sql': schemaSwitching('select 1') });
    expect(await relationExists(database, 'other.there')).toBe(true);
  });

  test('that changes its role is journaled by the role of the session', async () => {
    const database = await emptyDatabase();
    await up(database, { '001_a.up.sql': `${OUTSIDE}set role pg_monitor;\nselect 1;\nselect 2;` });
    expect(await database.sql`select outcome from schema_migration_journal where step > 0`).toEqual([
      { outcome: 'done' },
      { outcome: 'done' },
    ]);
  });

  test('refuses an index without a name, which could not be told from others after a failure', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(
      up(database, { ...TABLE, '002_b.up.sql': `${OUTSIDE}create index concurrently on a (id);` }),
    );
    expect(error.message).toBe('002_b.up.sql:2:1: create index concurrently without a name');
  });
});

describe('an INVALID index', () => {
  test.each(['a_n', '"a.N"', 'if not exists a_n'])(
    'left by a failed build of %s is replaced, and the build succeeds once the data allows it',
    async (name) => {
      const database = await emptyDatabase();
      const error = await refusalOf(up(database, uniqueIndex(name)));
      expect(error).toMatchObject({ code: 'partial', details: { sqlstate: '23505' } });
      expect(await invalidIndexes(database)).toHaveLength(1);
      await database.sql`update a set n = id`;
      const { told } = await up(database, uniqueIndex(name));
      expect(told.join()).toContain('dropped the INVALID index');
      expect(await invalidIndexes(database)).toEqual([]);
      expect(await database.sql`select count(*)::int as n from pg_index where indrelid = 'a'::regclass`).toEqual([
        { n: 1 },
      ]);
    },
  );

  test('that was there before the run is told, and does not fail it', async () => {
    const database = await emptyDatabase();
    await up(database, TABLE);
    await database.sql`create unique index concurrently stale on a (n)`.catch(() => undefined);
    const { told } = await up(database, { ...TABLE, '002_b.up.sql': 'select 1;' });
    expect(told.join()).toContain('index public.stale of a is INVALID since before this run');
  });

  test('of a build that was killed counts as done when it became valid all the same', async () => {
    const database = await emptyDatabase();
    const files = { ...TABLE, '002_b.up.sql': `${OUTSIDE}create index concurrently a_n on a (n);` };
    await up(database, files);
    await database.sql`delete from schema_migrations where version = '002'`;
    await database.sql`delete from schema_migration_journal where version = '002' and step = 0`;
    await database.sql`update schema_migration_journal set outcome = 'started', ended_at = null where step = 1`;
    const { told } = await up(database, files);
    expect(told.join()).toContain('took effect before the earlier run was cut off');
    expect(await versionsIn(database)).toEqual(['001', '002']);
  });
});

test('CREATE INDEX CONCURRENTLY outwaits an open transaction beyond lock_timeout, and names it', async () => {
  const database = await emptyDatabase();
  await up(database, TABLE);
  const blocker = postgres(database.url, { max: 1, connection: { application_name: 'report' } });
  onTestFinished(async () => blocker.end());
  const held = await blocker.reserve();
  await held`begin isolation level repeatable read`;
  await held`select count(*) from a`;
  const ctx = testContext(
    database.url,
    await folderOf({ ...TABLE, '002_b.up.sql': `${OUTSIDE}create index concurrently a_n on a (n);` }),
  );
  const heard: string[] = [];
  const building = upIn(ctx, { lockTimeoutMs: 100 }, (message) => void heard.push(message));
  await waitFor(async () => {
    const rows = await database.sql`
      select from pg_stat_activity
       where datname = current_database() and query like 'create index%' and wait_event_type = 'Lock'
         and age(clock_timestamp(), query_start) > '1 second'`;
    return rows.length > 0 && heard.length > 0;
  }, 'the build waits, and says so');
  await held`commit`;
  held.release();
  const { told } = await building;
  expect(told.join()).toMatch(
    /002_b\.up\.sql:2 waits for pid \d+ \(report, user postgres, idle in transaction for \d+ s, last command SELECT\)/,
  );
  expect(await invalidIndexes(database)).toEqual([]);
});

async function invalidIndexes(database: TestDatabase) {
  return database.sql`select indexrelid::regclass::text as name from pg_index where not indisvalid`;
}

function schemaSwitching(last: string): string {
  return `${OUTSIDE}create schema other;\nset search_path = other;\ncreate table here (id int);\n${last};\ncreate table there (id int);`;
}

function uniqueIndex(name: string): Files {
  return {
    ...TABLE,
    '002_b.up.sql': `${OUTSIDE}create unique index concurrently ${name} on a (n);`,
  };
}
