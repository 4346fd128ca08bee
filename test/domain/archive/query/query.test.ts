import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBConnection } from '@duckdb/node-api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { queryArchive } from '../../../../src/domain/archive/query/query.ts';
import { provenChain } from '../../../../src/domain/archive/verify/chain.ts';
import { OrdersyncError } from '../../../../src/errors.ts';
import type { ObjectStore } from '../../../../src/store/store.ts';
import { driven } from '../../../support/context.ts';
import type { HandMadeArchive } from '../signed-archive.ts';
import { handMadeArchive } from '../signed-archive.ts';

const MB = 1024 ** 2;
const ENDLESS = 'select count(*) from range(100000) a, range(10000000) b where a.range * b.range % 7 = 3';
const row = (id: number, word: string, at: string) =>
  `select ${id} as id, ${word} as word, timestamptz '${at}' as created_at`;

async function ask(
  { store, trust }: HandMadeArchive,
  text: string,
  {
    months = [],
    signal = new AbortController().signal,
    ...limits
  }: Partial<{
    months: string[];
    mostRows: number;
    copyBytes: number;
    trustFiles: boolean;
    signal: AbortSignal;
  }> = {},
) {
  const { result: chain } = await driven(provenChain({ signal }, { store, trust }));
  const request = { text, months, mostRows: 100, memoryBytes: 256 * MB, copyBytes: MB, trustFiles: false, ...limits };
  return (await driven(queryArchive({ signal }, { store, chain }, request))).result;
}

async function refusal(asked: Promise<unknown>): Promise<OrdersyncError> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OrdersyncError) return error;
  throw error instanceof Error ? error : new Error('it was not refused');
}

const TWO_MONTHS = [
  { table: 'notes', month: '2025-01', rows: row(1, "'하나'", '2025-01-05 00:00:00.000001Z') },
  { table: 'notes', month: '2025-02', rows: row(2, 'null', '2025-02-05 12:00:00Z') },
  { table: 'empty', month: '2025-01', rows: undefined },
] as const;

describe('a query of the archive', () => {
  test('gives exact values of every archived month, or of those that are named', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const all = await ask(archive, 'select id, word, created_at, year, month from notes order by id');
    expect(all.columns).toEqual([
      { name: 'id', type: 'integer' },
      { name: 'word', type: 'text' },
      { name: 'created_at', type: 'time' },
      { name: 'year', type: 'integer' },
      { name: 'month', type: 'integer' },
    ]);
    expect(all.rows).toEqual([
      [1, '하나', '2025-01-05T00:00:00.000001Z', 2025, 1],
      [2, null, '2025-02-05T12:00:00.000000Z', 2025, 2],
    ]);
    expect((await ask(archive, 'select count(*) from notes', { months: ['2025-02'] })).rows).toEqual([[1n]]);
    expect(
      (await ask(archive, 'select 9007199254740993::bigint, 2::hugeint ** 100, 1.10::decimal(5,2)')).rows[0],
    ).toEqual([9007199254740993n, expect.anything(), '1.10']);
    expect((await ask(archive, 'select * from empty')).columns.map(({ name }) => name)).toEqual([
      'id',
      'word',
      'created_at',
      'year',
      'month',
    ]);
  });

  test('shows a month that was archived again as it was the last time, and late rows in the place of older ones', async () => {
    const archive = await handMadeArchive([
      { table: 'notes', month: '2025-01', rows: row(9, "'before'", '2025-01-01 00:00:00Z') },
      {
        table: 'notes',
        month: '2025-01',
        rows: `${row(1, "'old'", '2025-01-02 00:00:00Z')} union all ${row(2, "'kept'", '2025-01-03 00:00:00Z')}`,
      },
      {
        table: 'notes',
        month: '2025-01',
        kind: 'supplement',
        rows: `${row(1, "'new'", '2025-01-02 00:00:00Z')} union all ${row(3, "'late'", '2025-01-04 00:00:00Z')}`,
      },
    ]);
    expect((await ask(archive, 'select id, word from notes order by id')).rows).toEqual([
      [1, 'new'],
      [2, 'kept'],
      [3, 'late'],
    ]);
  });

  test('cuts what is longer than was asked for, and says so', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const { rows, cut } = await ask(archive, 'select * from range(1000000)', { mostRows: 3 });
    expect({ rows, cut }).toEqual({ rows: [[0n], [1n], [2n]], cut: true });
  });

  test('reaches no other file, no network, no extension, and writes nowhere', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const [key] = archive.chain[0]!.manifest.sources[0]!.files.map((file) => path.join(archive.folder, file.key));
    const before = readFileSync(key!);
    const evil = path.join(archive.folder, 'evil.csv');
    const attempts = [
      "select * from read_text('/etc/passwd')",
      "select * from '/etc/passwd'",
      "select * from read_csv('/etc/passwd')",
      "select * from glob('/etc/*')",
      "select * from read_parquet('https://example.invalid/x.parquet')",
      "select * from query('select * from read_text(''/etc/passwd'')')",
      `select * from read_text('${path.join(archive.folder, 'head.json')}')`,
      `copy (select 1) to '${evil}'`,
      `copy (select * from notes) to '${key}' (format csv, use_tmp_file false)`,
      `explain analyze copy (select 1) to '${key}' (format csv, use_tmp_file false)`,
      `attach '${evil}' as evil`,
      'install httpfs',
      'load httpfs',
      'set enable_external_access = true',
      "set temp_directory = '/'",
      'create table stolen as select * from notes',
      'drop view notes',
      `export database '${evil}'`,
      'select 1; select 2',
    ];
    for (const text of attempts) {
      const { code } = await refusal(ask(archive, text));
      expect({ text, code, made: existsSync(evil) }).toEqual({ text, code: 'usage', made: false });
    }
    expect(existsSync(evil)).toBe(false);
    expect(readFileSync(key!).equals(before)).toBe(true);
  });

  test('tells what is wrong with a query as DuckDB does', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    expect(await refusal(ask(archive, 'select nothing from notes'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('"nothing" not found'),
    });
    expect(await refusal(ask(archive, 'selec 1'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('syntax error'),
    });
    expect(await refusal(ask(archive, 'select * from orders'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('orders'),
    });
    expect(await refusal(ask(archive, 'select 1', { months: ['2024-12'] }))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('2024-12'),
    });
  });

  test('asks nothing of a file that was changed, or of an archive whose chain is broken', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const { key } = archive.chain[0]!.manifest.sources[0]!.files[0]!;
    appendFileSync(path.join(archive.folder, key), 'x');
    expect(await refusal(ask(archive, 'select count(*) from notes'))).toMatchObject({
      code: 'unhealthy',
      message: `${key} is not what its manifest says`,
    });
    expect((await ask(archive, 'select count(*) from notes', { months: ['2025-02'] })).rows).toEqual([[1n]]);
    writeFileSync(path.join(archive.folder, 'manifests/000000002.json'), '{}');
    expect(await refusal(ask(archive, 'select 1'))).toMatchObject({
      code: 'unhealthy',
      details: { body: [expect.stringContaining('manifests/000000002.json')] },
    });
  });

  test('reads a planted file that no manifest names as little as one of another program', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const { key } = archive.chain[0]!.manifest.sources[0]!.files[0]!;
    writeFileSync(
      path.join(archive.folder, path.dirname(key), 'part-00001.parquet'),
      readFileSync(path.join(archive.folder, key)),
    );
    expect((await ask(archive, 'select count(*) from notes')).rows).toEqual([[2n]]);
  });

  test('copies what it needs of a store elsewhere, within a limit, and leaves no copy behind', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const remote: ObjectStore = { ...archive.store, location: 's3://bucket/archive' };
    const temporary = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
    vi.stubEnv('TMPDIR', temporary);
    expect((await ask({ ...archive, store: remote }, 'select count(*) from notes')).rows).toEqual([[2n]]);
    expect(
      await refusal(ask({ ...archive, store: remote }, 'select count(*) from notes', { copyBytes: 10 })),
    ).toMatchObject({ code: 'precondition', details: { hint: expect.stringContaining('--max-copy') } });
    expect((await ask({ ...archive, store: remote }, 'select 1', { copyBytes: 10 })).rows).toEqual([[1]]);
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });

  test('is interrupted at once', async () => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const interrupted = new AbortController();
    const asked = ask(archive, ENDLESS, { signal: interrupted.signal });
    setTimeout(() => interrupted.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT')), 300);
    // The query itself would take hours, and the test with it.
    expect(await refusal(asked)).toMatchObject({ code: 'interrupted' });
  });

  test.each([
    ['makes its views', 'run', /^create view/],
    ['reads the question', 'extractStatements', /notes/],
  ] as const)('is interrupted while it still %s, and that is no fault of this program', async (_when, step, text) => {
    const archive = await handMadeArchive(TWO_MONTHS);
    const interrupted = new AbortController();
    const original: (this: DuckDBConnection, sql: string) => Promise<unknown> = DuckDBConnection.prototype[step];
    const slow = vi.spyOn(DuckDBConnection.prototype, step).mockImplementation(async function (
      this: DuckDBConnection,
      sql: string,
    ): Promise<never> {
      if (!text.test(sql)) return original.call(this, sql) as Promise<never>;
      interrupted.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT'));
      return this.runAndRead(ENDLESS) as Promise<never>;
    });
    onTestFinished(() => slow.mockRestore());
    const asked = ask(archive, 'select count(*) from notes', { signal: interrupted.signal });
    expect(await refusal(asked)).toMatchObject({ code: 'interrupted' });
  });
});
