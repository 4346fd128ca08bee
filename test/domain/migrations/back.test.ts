import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planBaseline, recordBaseline } from '../../../src/domain/migrations/baseline.ts';
import { planNew, writeNew } from '../../../src/domain/migrations/new.ts';
import { applyRepair, planRepair } from '../../../src/domain/migrations/repair.ts';
import { driven, testContext } from '../../support/context.ts';
import { migrationFolder } from '../../support/migration-files.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { down, emptyDatabase, type Files, folderOf, refusalOf, relationExists, up, versionsIn } from './runner.ts';

const FILES: Files = {
  '001_a.up.sql': 'create table a (id int);',
  '001_a.down.sql': 'drop table a;',
  '002_b.up.sql': 'create table b (id int);',
  '002_b.down.sql': 'drop table b;',
};

describe('down', () => {
  test('--all leaves an empty ledger in place, with its journal', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    const { result } = await down(database, FILES, { all: true });
    expect(result.files.map(({ version }) => version)).toEqual(['002', '001']);
    expect(await versionsIn(database)).toEqual([]);
    expect(await relationExists(database, 'a')).toBe(false);
    expect(await database.sql`select version, direction from schema_migration_journal order by id`).toHaveLength(4);
  });

  test('a script that fails leaves its file applied, with its row', async () => {
    const database = await emptyDatabase();
    const broken = { ...FILES, '002_b.down.sql': 'drop table b; drop table nowhere;' };
    await up(database, broken);
    const error = await refusalOf(down(database, broken, { all: true }));
    expect(error).toMatchObject({ code: 'precondition', details: { facts: { file: '002_b.down.sql' } } });
    expect(await versionsIn(database)).toEqual(['001', '002']);
    expect(await relationExists(database, 'b')).toBe(true);
  });

  test('a typing error in any of its files stops it before the first', async () => {
    const database = await emptyDatabase();
    const broken = { ...FILES, '001_a.down.sql': 'drop tabel a;' };
    await up(database, broken);
    expect((await refusalOf(down(database, broken, { all: true }))).code).toBe('usage');
    expect(await versionsIn(database)).toEqual(['001', '002']);
  });
});

describe('repair', () => {
  test('shows both checksums of a changed file and records the new one', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    const changed = { ...FILES, '001_a.up.sql': 'create table a (id int); -- with a comment' };
    expect((await refusalOf(up(database, changed))).code).toBe('checksum_mismatch');
    const repaired = await repair(database, changed, '001');
    expect(repaired).toMatchObject({ action: 'accept file' });
    expect(repaired?.oldChecksum).not.toBe(repaired?.newChecksum);
    expect((await up(database, changed)).result.files).toEqual([]);
    expect(await repair(database, changed, '001')).toBeUndefined();
  });

  test('removes the row of a file that is gone', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    const { '002_b.up.sql': _up, '002_b.down.sql': _down, ...left } = FILES;
    expect(await repair(database, left, '2')).toMatchObject({ action: 'forget version', version: '002' });
    expect(await versionsIn(database)).toEqual(['001']);
  });

  test('forgets the steps of a half-run file, so that it starts anew', async () => {
    const database = await emptyDatabase();
    const half = {
      '001_a.up.sql':
        '-- ordersync: no-transaction\ncreate table if not exists a (id int);\nselect 1 / 0 from pg_class;',
    };
    await refusalOf(up(database, half));
    expect(await repair(database, half, '001')).toMatchObject({ action: 'clear steps' });
    await up(database, {
      '001_a.up.sql': '-- ordersync: no-transaction\ncreate table if not exists a (id int, n int);',
    });
    expect(await versionsIn(database)).toEqual(['001']);
  });

  test('refuses a version that nobody knows', async () => {
    const database = await emptyDatabase();
    expect((await refusalOf(repair(database, FILES, '77'))).code).toBe('usage');
  });
});

describe('baseline', () => {
  test('records what is already there without running it', async () => {
    const database = await emptyDatabase();
    const ctx = testContext(database.url, await folderOf(FILES));
    const session = await ctx.db.session();
    const migrations = await planBaseline(ctx, session, '1');
    await driven(recordBaseline(ctx, session, { migrations, waitMs: 0 }));
    expect(await versionsIn(database)).toEqual(['001']);
    expect(await relationExists(database, 'a')).toBe(false);
    expect((await up(database, FILES)).result.files.map(({ version }) => version)).toEqual(['002']);
    expect((await refusalOf(planBaseline(ctx, session, '2'))).code).toBe('precondition');
  });
});

describe('new', () => {
  test('takes the next number in the width of the others, and never overwrites', async () => {
    const dir = await migrationFolder({ '0041_x.up.sql': 'select 1;' });
    const files = await planNew(dir, { name: '주문 상태', typescript: false });
    await writeNew(files);
    expect((await readdir(dir)).sort()).toEqual(['0041_x.up.sql', '0042_주문_상태.down.sql', '0042_주문_상태.up.sql']);
    expect((await refusalOf(writeNew(files))).code).toBe('precondition');
  });

  test('what it writes is refused until it holds a statement, then runs', async () => {
    const database = await emptyDatabase();
    const dir = await migrationFolder({});
    const [path] = await writeNew(await planNew(dir, { name: 'a', typescript: false }));
    expect((await refusalOf(up(database, dir))).code).toBe('usage');
    for (const suffix of ['up', 'down']) {
      const file = join(dir, `001_a.${suffix}.sql`);
      await writeFile(file, `${await readFile(file, 'utf8')}select 1;\n`);
    }
    expect(path).toBe(join(dir, '001_a.up.sql'));
    await up(database, dir);
    expect(await versionsIn(database)).toEqual(['001']);
  });

  test('--ts writes a builder migration that loads', async () => {
    const database = await emptyDatabase();
    const dir = await migrationFolder({});
    await writeNew(await planNew(dir, { name: 'a', typescript: true }));
    await up(database, dir);
    expect(await versionsIn(database)).toEqual(['001']);
  });

  test.each(['../evil', 'a/b', 'a.b', ''])('refuses the name %j', async (name) => {
    expect((await refusalOf(planNew(await migrationFolder({}), { name, typescript: false }))).code).toBe('usage');
  });
});

async function repair(database: TestDatabase, files: Files, version: string) {
  const ctx = testContext(database.url, await folderOf(files));
  const session = await ctx.db.session();
  const planned = await planRepair(ctx, session, version);
  return planned === undefined
    ? undefined
    : (await driven(applyRepair(ctx, session, { repair: planned, waitMs: 0 }))).result;
}
