import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { OrdersyncError } from '../../../../src/errors.ts';
import { checksumOf } from '../../../../src/domain/migrations/file/checksum.ts';
import { loadMigrations, readMigrations } from '../../../../src/domain/migrations/file/load.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folderOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ordersync-load-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

async function refusal(files: Readonly<Record<string, string | Buffer>>): Promise<OrdersyncError> {
  const error: unknown = await loadMigrations(await folderOf(files)).catch((reason: unknown) => reason);
  if (error instanceof OrdersyncError) return error;
  throw new Error('the folder was accepted');
}

describe('a folder of migrations', () => {
  test('is read in the order of versions, pairs together', async () => {
    const folder = await folderOf({
      '10_last.up.sql': 'select 10',
      '002_second_step.up.sql': 'select 2;\r\nselect 3;\r\n',
      '002_second_step.down.sql': '\u{feff}select -2;\n',
      '1_first.ts': 'export const up = () => undefined;\n',
      'README.md': 'not a migration',
    });
    const migrations = await loadMigrations(folder);
    expect(migrations.map(({ version, kind, description }) => [version, kind, description])).toEqual([
      ['1', 'builder', 'first'],
      ['002', 'sql', 'second step'],
      ['10', 'sql', 'last'],
    ]);
    expect(migrations[1]).toMatchObject({
      upFile: join(folder, '002_second_step.up.sql'),
      downFile: join(folder, '002_second_step.down.sql'),
      checksum: checksumOf('select 2;\nselect 3;\n', 'select -2;\n'),
      up: {
        file: '002_second_step.up.sql',
        statements: [
          { text: 'select 2', line: 1 },
          { text: 'select 3', line: 2 },
        ],
      },
      down: { file: '002_second_step.down.sql' },
    });
    expect(migrations[2]).not.toHaveProperty('down');
  });

  test('may hold folders, links and decomposed names', async () => {
    const folder = await folderOf({ ['001_주문.up.sql'.normalize('NFD')]: 'select 1' });
    await mkdir(join(folder, '003_folder.up.sql'));
    await symlink(join(folder, '001_주문.up.sql'.normalize('NFD')), join(folder, '002_linked.up.sql'));
    const migrations = await loadMigrations(folder);
    expect(migrations.map(({ description }) => description)).toEqual(['주문', 'linked']);
    expect(migrations[0]).toMatchObject({ up: { file: '001_주문.up.sql' } });
  });

  test('may be empty, but has to exist', async () => {
    const folder = await folderOf({});
    expect(await loadMigrations(folder)).toEqual([]);
    await expect(loadMigrations(join(folder, 'none'))).rejects.toMatchObject({
      code: 'config',
      message: `there is no migrations folder ${join(folder, 'none')}`,
    });
  });
});

describe('refused are', () => {
  test.each([
    [
      'two files of one version, however it is written',
      { '001_a.up.sql': 'select 1', '1_b.up.sql': 'select 1' },
      '001_a.up.sql: version 001 belongs to another file too: 1_b.up.sql (1 is the same number)',
    ],
    [
      'a builder and an SQL file of one version',
      { '001_a.up.sql': 'select 1', '001_a.ts': '' },
      '001_a.ts: version 001 belongs to another file too: 001_a.up.sql',
    ],
    ['a down file alone', { '001_a.down.sql': 'select 1' }, '001_a.down.sql: a down file without its up file'],
    [
      'a down file beside a builder',
      { '001_a.ts': '', '001_a.down.sql': 'select 1' },
      '001_a.down.sql: a down file beside the builder migration 001_a.ts',
    ],
    [
      'a pair of which one half was renamed',
      { '001_a.up.sql': 'select 1', '001_b.down.sql': 'select 1' },
      '001_b.down.sql: its up file has another name: 001_a.up.sql',
    ],
    [
      'an empty down file',
      { '001_a.up.sql': 'select 1', '001_a.down.sql': '' },
      '001_a.down.sql: the file holds no statement',
    ],
    ['a misspelt name', { '001_a.upp.sql': 'select 1' }, '001_a.upp.sql is not a migration name'],
  ])('%s', async (_, files, message) => {
    const error = await refusal(files);
    expect(error).toMatchObject({ code: 'usage' });
    expect(error.message).toContain(message);
  });

  test('one problem with place, caret and what to do', async () => {
    const error = await refusal({ '001_주문.up.sql': "comment on table 주문 is '주문'; commit;" });
    expect(error.message).toMatch(/^001_주문\.up\.sql:1:30: commit in a migration/);
    expect(error.details).toMatchObject({
      hint: expect.stringContaining('remove it'),
      body: ['--> 001_주문.up.sql:1:30', '  |', expect.stringContaining('1 | comment on'), `  | ${' '.repeat(33)}^`],
      facts: { file: '001_주문.up.sql', line: 1, column: 30 },
    });
  });

  test('all problems of all files together', async () => {
    const error = await refusal({
      '001_a.up.sql': 'begin;\nselect 1;\ncommit;',
      '002_b.up.sql': Buffer.from('select 1', 'utf16le'),
      '003_c.up.sql': '-- ordersync: no-transactoin\nvacuum',
      'x.sql': '',
    });
    expect(error.message).toBe('6 problems in the migration files');
    const body = error.details.body?.join('\n') ?? '';
    for (const told of [
      'x.sql',
      '001_a.up.sql:1:1',
      '001_a.up.sql:3:1',
      '002_b.up.sql: the file is UTF-16LE',
      '003_c.up.sql:1:15',
    ]) {
      expect(body).toContain(told);
    }
  });

  test('but a look at the folder gives both, what can be read and what is wrong', async () => {
    const folder = await folderOf({ '001_a.up.sql': 'commit', '002_b.up.sql': 'select 2' });
    const { migrations, problems } = await readMigrations(folder);
    expect(migrations.map(({ version }) => version)).toEqual(['001', '002']);
    expect(problems.map(({ file }) => file)).toEqual(['001_a.up.sql']);
  });
});
