import { describe, expect, test } from 'vitest';
import { emptyDatabase, up, type Files } from '../../domain/migrations/runner.ts';
import { run } from '../../support/io.ts';
import { migrationFolder } from '../../support/migration-files.ts';
import type { TestDatabase } from '../../support/postgres.ts';

const FILES: Files = {
  '001_a.up.sql': 'create table a (id int primary key, note text);\n',
  '001_a.down.sql': 'drop table a;\n',
};

async function call(database: TestDatabase, files: Files, ...words: string[]) {
  const dir = await migrationFolder(files);
  return run(['migrate', ...words, '--url', database.url, '--migrations', dir]);
}

function dataOf({ stdout }: { readonly stdout: string }): unknown {
  return (JSON.parse(stdout) as { data: unknown }).data;
}

describe('migrate verify --schema', () => {
  test('exits 0 with the fingerprint when the schema is as the files made it', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    const ran = await call(database, FILES, 'verify', '--schema');
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/all as the 1 applied file make.*[0-9a-f]{64}/),
    });
  });

  test('exits 5 and shows each difference, for people as a diff and for machines as rows', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    await database.sql.unsafe('create index extra on a (note); alter table a alter note set not null');
    const people = await call(database, FILES, 'verify', '--schema');
    expect(people.code).toBe(5);
    expect(people.stdout).toBe(
      [
        'different column public.a.note',
        '    - text',
        '    + text not null',
        'unexpected index extra on public.a',
        '    + btree (note)',
        '',
      ].join('\n'),
    );
    const machine = await call(database, FILES, 'verify', '--schema', '--format', 'json');
    expect(dataOf(machine)).toMatchObject([
      { check: 'schema', change: 'different', kind: 'column', expected: 'text', actual: 'text not null' },
      { check: 'schema', change: 'unexpected', kind: 'index', object: 'extra on public.a', expected: null },
    ]);
  });
});

describe('migrate verify --rehearse', () => {
  test('exits 0 when every file has a true way back', async () => {
    const database = await emptyDatabase();
    const ran = await call(database, FILES, 'verify', '--rehearse');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('1 file went up, down and up again') });
  });

  test('exits 5 and names the file that has none', async () => {
    const database = await emptyDatabase();
    const files = { ...FILES, '001_a.down.sql': 'alter table a rename to b;' };
    const people = await call(database, files, 'verify', '--rehearse');
    expect(people).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('001_a.down.sql does not undo what 001_a.up.sql did'),
    });
    expect(dataOf(await call(database, files, 'verify', '--rehearse', '--format', 'json'))).toMatchObject([
      { check: 'rehearse', file: '001_a.down.sql', change: 'unexpected', kind: 'table', object: 'public.b' },
    ]);
  });
});

describe('migrate lint --trace', () => {
  const LATER = { ...FILES, '002_b.up.sql': 'alter table a add check (id > 0);\n' };

  test('tells locks and sizes beside the static findings', async () => {
    const database = await emptyDatabase();
    await up(database, FILES);
    const ran = await call(database, LATER, 'lint', '--trace', '--format', 'json');
    expect(dataOf(ran)).toContainEqual(
      expect.objectContaining({
        rule: 'trace-scan',
        place: '002_b.up.sql:1:1',
        table: 'public.a',
        lock: 'AccessExclusiveLock',
        blocks: 'reads and writes',
        rows: 0,
      }),
    );
    expect((await call(database, LATER, 'lint', '--trace', '--fail-on', 'low')).code).toBe(5);
  });

  test('refuses --all, under which no table is in use', async () => {
    const database = await emptyDatabase();
    expect(await call(database, LATER, 'lint', '--trace', '--all')).toMatchObject({ code: 2 });
  });
});
