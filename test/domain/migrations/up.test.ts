import { describe, expect, test } from 'vitest';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { emptyDatabase, refusalOf, relationExists, up, versionsIn } from './runner.ts';

const TWO = {
  '001_create_a.up.sql': 'create table a (id int primary key);\ninsert into a values (1), (2);\n',
  '002_create_b.up.sql': 'create table b (id int references a);\n',
};

describe('up', () => {
  test('applies files in order and records each in the five columns, with its checksum', async () => {
    const database = await emptyDatabase();
    const mark = await markServerLog();
    const { result } = await up(database, TWO);
    expect(result.files.map(({ version, statements }) => [version, statements])).toEqual([
      ['001', 2],
      ['002', 1],
    ]);
    const columns = await database.sql`
      select attname, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = 'public.schema_migrations'::regclass and attnum > 0 order by attnum`;
    expect(columns.map(({ attname, type }) => `${attname} ${type}`)).toEqual([
      'version character varying(20)',
      'description text',
      'applied_at timestamp with time zone',
      'execution_time_ms bigint',
      'checksum character varying(64)',
    ]);
    const rows =
      await database.sql`select version, description, checksum, execution_time_ms from schema_migrations order by 1`;
    expect(rows).toMatchObject([
      { version: '001', description: 'create a', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { version: '002', description: 'create b' },
    ]);
    await assertNoServerErrors(mark, database.name);
  });

  test('has nothing to do the second time and writes nothing then', async () => {
    const database = await emptyDatabase();
    await up(database, TWO);
    const [before] = await database.sql`select count(*) from schema_migration_journal`;
    const { result } = await up(database, TWO);
    expect(result.files).toEqual([]);
    expect(await database.sql`select count(*) from schema_migration_journal`).toEqual([before]);
  });

  test('without a pending file it does not even create its ledger', async () => {
    const database = await emptyDatabase();
    await up(database, {});
    expect(await relationExists(database, 'public.schema_migrations')).toBe(false);
  });

  test('a failing statement leaves nothing of its file, keeps the files before it, and is shown with its place', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(
      up(database, { ...TWO, '003_주문.up.sql': 'create table c (id int);\nalter table 주문 add column x int;\n' }),
    );
    expect(error.code).toBe('partial');
    expect(error.message).toBe('003_주문.up.sql:2:1: relation "주문" does not exist');
    expect(error.details).toMatchObject({
      sqlstate: '42P01',
      facts: { file: '003_주문.up.sql', line: 2, statement: 2, applied: ['001', '002'] },
    });
    expect(error.details.body).toContain('2 | alter table 주문 add column x int;');
    expect(error.details.body?.at(-1)).toBe('nothing of 003_주문.up.sql is left behind; committed before it: 001, 002');
    expect(await versionsIn(database)).toEqual(['001', '002']);
    expect(await relationExists(database, 'c')).toBe(false);
    const failed = await database.sql`select outcome, sqlstate from schema_migration_journal where version = '003'`;
    expect(failed).toEqual([{ outcome: 'failed', sqlstate: '42P01' }]);
  });

  test('is refused, not partial, when the first file fails', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(up(database, { '001_a.up.sql': 'select 1/0 from generate_series(1, 2);' }));
    expect(error.code).toBe('precondition');
    expect(await versionsIn(database)).toEqual([]);
  });

  test("the server's position becomes line, column and caret, also in a file sent in batches", async () => {
    const database = await emptyDatabase();
    const lines = Array.from({ length: 400 }, (_, index) => `insert into 주문 values (${index});`);
    lines[350] = 'insert into 주문 (id, 없다) values (1, 2);';
    const error = await refusalOf(
      up(database, { '001_a.up.sql': `create table 주문 (id int);\n${lines.join('\n')}\n` }),
    );
    expect(error.message).toBe('001_a.up.sql:352:21: column "없다" of relation "주문" does not exist');
    const [source, caret] = error.details.body?.slice(2, 4) ?? [];
    expect(source).toBe('352 | insert into 주문 (id, 없다) values (1, 2);');
    // Two Korean letters before the caret take four columns.
    expect(caret).toBe(`    | ${' '.repeat(22)}^`);
  });

  test('an error without a position in a batch names the statements and lines among which it is', async () => {
    const database = await emptyDatabase();
    const lines = Array.from({ length: 400 }, (_, index) => `insert into a values (${index === 250 ? 7 : index});`);
    const error = await refusalOf(
      up(database, { '001_a.up.sql': `create table a (id int primary key);\n${lines.join('\n')}\n` }),
    );
    expect(error.message).toContain('001_a.up.sql, statements 201 to 300 (lines 201 to 300)');
  });

  test('DETAIL, which quotes the row, is withheld unless it is asked for', async () => {
    const database = await emptyDatabase();
    const files = {
      '001_a.up.sql':
        "create table a (mail text primary key);\ninsert into a select 'x@' || 'y.kr' from generate_series(1, 2);",
    };
    const withheld = await refusalOf(up(database, files));
    expect(JSON.stringify([withheld.message, withheld.details.body])).not.toContain('x@y.kr');
    const shown = await refusalOf(up(database, files, { showDetail: true }));
    expect(shown.details.body).toContain('detail: Key (mail)=(x@y.kr) already exists.');
  });

  test('a constraint that is checked at COMMIT fails the file at its end', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(
      up(database, {
        '001_a.up.sql': `create table a (id int primary key);
          create table b (a int references a deferrable initially deferred);
          insert into b values (1);`,
      }),
    );
    expect(error).toMatchObject({ code: 'precondition', details: { sqlstate: '23503' } });
    expect(error.message).toContain('001_a.up.sql: at its end');
    expect(await relationExists(database, 'a')).toBe(false);
  });

  test('--to and --count bound what is applied', async () => {
    const database = await emptyDatabase();
    await up(database, TWO, { count: 1 });
    expect(await versionsIn(database)).toEqual(['001']);
    await up(database, TWO, { to: '2' });
    expect(await versionsIn(database)).toEqual(['001', '002']);
    expect((await refusalOf(up(database, TWO, { to: '9' }))).code).toBe('usage');
  });

  test('--single-transaction keeps all files or none, and still times each', async () => {
    const database = await emptyDatabase();
    const broken = { ...TWO, '003_c.up.sql': 'select nothing from nowhere;' };
    const error = await refusalOf(up(database, broken, { singleTransaction: true }));
    expect(error).toMatchObject({ code: 'precondition', details: { facts: { file: '003_c.up.sql' } } });
    expect(await relationExists(database, 'a')).toBe(false);
    const { result } = await up(
      database,
      { ...TWO, '003_c.up.sql': 'select pg_sleep(0.2);' },
      { singleTransaction: true },
    );
    expect(result.files.map(({ executionTimeMs }) => executionTimeMs >= 200)).toEqual([false, false, true]);
  });
});

describe('before the first file runs', () => {
  test('a typing error in the last file stops the run, with its place', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(
      up(database, { ...TWO, '003_c.up.sql': '-- 주문\ncreate table 주문 (\n  id int,\n);\n' }),
    );
    expect(error).toMatchObject({ code: 'usage', details: { sqlstate: '42601', facts: { line: 4, column: 1 } } });
    expect(error.message).toBe('003_c.up.sql:4:1: syntax error at or near ")"');
    expect(await relationExists(database, 'a')).toBe(false);
    expect(await relationExists(database, 'public.schema_migrations')).toBe(false);
  });

  test('statements over tables that earlier files are still to create or widen pass', async () => {
    const database = await emptyDatabase();
    await database.sql`create table wide (id int)`;
    const mark = await markServerLog();
    const { result } = await up(database, {
      '001_a.up.sql': 'alter table wide add column name text;',
      '002_b.up.sql': "insert into wide values (1, 'x'); create table fresh (id int);",
      '003_c.up.sql': 'insert into fresh values (1);',
    });
    expect(result.files).toHaveLength(3);
    await assertNoServerErrors(mark, database.name);
  });

  test('a text that looks like the end of the quoting does not escape from the check', async () => {
    const database = await emptyDatabase();
    await up(database, {
      '001_a.up.sql':
        "create function f() returns text language plpgsql as $f$ begin execute $$select 'parsed, not run'::int$$; exception when others then return 'x'; end $f$;",
    });
    expect(await database.sql`select f()`).toEqual([{ f: 'x' }]);
  });
});

describe('the session of a run', () => {
  test('outlives timeouts that the database sets for applications', async () => {
    const database = await emptyDatabase();
    for (const name of ['statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout']) {
      await database.sql.unsafe(`alter database ${database.name} set ${name} = '300ms'`);
    }
    const { result } = await up(database, { '001_a.up.sql': 'select pg_sleep(1);' });
    expect(result.files).toHaveLength(1);
  });

  test('a file does not leave role, search_path, settings or temporary tables to the next', async () => {
    const database = await emptyDatabase();
    await up(database, {
      '001_a.up.sql': `create schema other;
        set role pg_monitor; reset role;
        set search_path = other; set statement_timeout = '1h'; set lock_timeout = '1h'; set timezone = 'Asia/Seoul';
        create temp table leftover (id int);`,
      '002_b.up.sql': `create table seen as select current_setting('search_path') as path, current_setting('TimeZone') as zone,
        current_setting('lock_timeout') as lock, to_regclass('leftover') is null as clean;`,
    });
    expect(await database.sql`select * from public.seen`).toEqual([
      { path: '"$user", public', zone: 'UTC', lock: '1s', clean: true },
    ]);
  });

  test('a file that changes its role is still recorded, by the role of the session', async () => {
    const database = await emptyDatabase();
    await up(database, { '001_a.up.sql': 'set role pg_monitor; select 1;' });
    expect(await database.sql`select actor from schema_migration_journal`).toEqual([{ actor: 'postgres' }]);
  });

  test("a file's header sets its own lock and statement timeout", async () => {
    const database = await emptyDatabase();
    await up(database, {
      '001_a.up.sql':
        "-- ordersync: lock-timeout=7s statement-timeout=9s\ncreate table t as select current_setting('lock_timeout') l, current_setting('statement_timeout') s;",
    });
    expect(await database.sql`select * from t`).toEqual([{ l: '7s', s: '9s' }]);
  });
});
