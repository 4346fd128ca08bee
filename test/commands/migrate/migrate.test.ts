import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Ran } from '../../support/io.ts';
import { run } from '../../support/io.ts';
import { migrationFolder } from '../../support/migration-files.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { emptyDatabase, relationExists, versionsIn, type Files } from '../../domain/migrations/runner.ts';

const FILES: Files = {
  '001_a.up.sql': 'create table a (id int);\n',
  '001_a.down.sql': 'drop table a;\n',
  '002_b.up.sql': '-- ordersync: no-transaction\ncreate index concurrently a_id on a (id);\n',
  '002_b.down.sql': '-- ordersync: no-transaction\ndrop index concurrently a_id;\n',
};

describe('ordersync migrate', () => {
  test('up, status, redo and down tell what they did and exit 0', async () => {
    const call = await caller(FILES);
    expect(await call('up')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 migrations applied and read back from the ledger'),
    });
    expect(rowsOf(await call('status', '--check', '--format', 'json'))).toMatchObject([
      { version: '001', state: 'applied' },
      { version: '002', state: 'applied' },
    ]);
    expect(rowsOf(await call('redo', '--yes', '--format', 'json')).map(({ direction }) => direction)).toEqual([
      'down',
      'up',
    ]);
    expect(await call('down', '--all', '--yes')).toMatchObject({ code: 0 });
    expect(await versionsIn(call.database)).toEqual([]);
    expect(await call('down', '--yes')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing is applied'),
    });
  });

  test('up --dry-run and plan print SQL that psql could run, and write nothing', async () => {
    const call = await caller(FILES);
    for (const words of [['up', '--dry-run'], ['plan']]) {
      const { code, stdout } = await call(...words);
      expect(code).toBe(0);
      expect(stdout).toContain('begin;\ncreate table a (id int);\ncommit;');
      expect(stdout).toContain('create index concurrently a_id on a (id);');
    }
    expect(await relationExists(call.database, 'public.schema_migrations')).toBe(false);
  });

  test.each<[string, Files]>([
    ['pending files', {}],
    ['a changed file', { '001_a.up.sql': 'create table a (id bigint);' }],
  ])('status --check exits 5 with %s', async (_what, change) => {
    const call = await caller(FILES);
    await call('up', '--to', '001');
    const other = await caller({ ...FILES, ...change }, call.database);
    expect((await other('status', '--check')).code).toBe(5);
    expect((await other('status')).code).toBe(0);
  });

  test('a changed applied file stops up with exit 5 and fails verify', async () => {
    const call = await caller(FILES);
    await call('up');
    const other = await caller({ ...FILES, '001_a.up.sql': 'create table a (id bigint);' }, call.database);
    const { code, stderr } = await other('up');
    expect(code).toBe(5);
    expect(stderr).toContain('ordersync migrate repair');
    expect((await other('verify')).code).toBe(5);
    expect((await call('verify')).code).toBe(0);
    const dry = await other('repair', '001', '--dry-run', '--format', 'json');
    const [row] = rowsOf(dry);
    expect(row?.['old_checksum']).not.toBe(row?.['new_checksum']);
    expect((await other('repair', '001')).code).toBe(4);
    expect((await other('repair', '001', '--yes')).code).toBe(0);
    expect((await other('verify')).code).toBe(0);
  });

  test('a failing file exits 4 when nothing stays and 6 when something does', async () => {
    const first = await caller({ '001_a.up.sql': 'select 1 / count(*) from pg_class where false;' });
    const refused = await first('up');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('--> 001_a.up.sql:1:1');
    const second = await caller({
      '001_a.up.sql': 'create table a (id int);',
      '002_b.up.sql': 'select 1 / count(*) from a;',
    });
    expect((await second('up')).code).toBe(6);
  });

  test.each<[string, Files, number]>([
    ['a misspelt name', { '001_a.upp.sql': 'select 1;' }, 2],
    ['a duplicate version', { '1_a.up.sql': 'select 1;', '001_b.up.sql': 'select 1;' }, 2],
    ['COMMIT inside', { '001_a.up.sql': 'select 1; commit;' }, 2],
    ['a typing error', { '001_a.up.sql': 'creat table a (id int);' }, 2],
    ['CREATE INDEX CONCURRENTLY in a transaction', { '001_a.up.sql': 'create index concurrently x on y (z);' }, 2],
    ['an empty file', { '001_a.up.sql': '-- nothing' }, 2],
  ])('%s is refused before anything runs', async (_what, files, code) => {
    const call = await caller(files);
    expect((await call('up')).code).toBe(code);
    expect(await relationExists(call.database, 'public.schema_migrations')).toBe(false);
  });

  test('--single-transaction refuses a file that cannot be part of one', async () => {
    const call = await caller(FILES);
    const { code, stderr } = await call('up', '--single-transaction');
    expect(code).toBe(2);
    expect(stderr).toContain('002_b.up.sql');
  });

  test('down asks first: without a terminal it names how to confirm, and changes nothing', async () => {
    const call = await caller(FILES);
    await call('up');
    const { code, stderr } = await call('down', '--all');
    expect(code).toBe(4);
    expect(stderr).toContain(`roll back 2 migrations (002, 001) in "${call.database.name}"`);
    expect(await versionsIn(call.database)).toEqual(['001', '002']);
  });

  test('baseline records without running', async () => {
    const call = await caller(FILES);
    expect((await call('baseline', '002')).code).toBe(0);
    expect(await relationExists(call.database, 'a')).toBe(false);
    expect((await call('baseline', '002')).code).toBe(4);
  });

  test('new writes a pair of files', async () => {
    const dir = await migrationFolder({});
    expect((await run(['migrate', 'new', 'add things', '--migrations', dir])).code).toBe(0);
    expect((await readdir(dir)).sort()).toEqual(['001_add_things.down.sql', '001_add_things.up.sql']);
  });

  test('lint exits 5 for a dangerous file, and needs no database with --all', async () => {
    const dir = await migrationFolder({
      '001_a.up.sql': 'create table a (id int);',
      '002_b.up.sql': 'drop table other cascade;',
    });
    const { code, stdout } = await run(['migrate', 'lint', '--all', '--format', 'json', '--migrations', dir]);
    expect(code).toBe(5);
    expect(stdout).toContain('002_b.up.sql:1:');
  });
});

interface Caller {
  (...words: string[]): Promise<Ran>;
  readonly database: TestDatabase;
}

/** Calls `ordersync migrate …` on a database of its own, or on one that another caller uses. */
async function caller(files: Files, shared?: TestDatabase): Promise<Caller> {
  const database = shared ?? (await emptyDatabase());
  const dir = await migrationFolder(files);
  const call = (...words: string[]) => run(['migrate', ...words, '--migrations', dir, '--url', database.url]);
  return Object.assign(call, { database });
}

function rowsOf({ stdout }: Ran): Record<string, unknown>[] {
  return (JSON.parse(stdout) as { data: Record<string, unknown>[] }).data;
}
