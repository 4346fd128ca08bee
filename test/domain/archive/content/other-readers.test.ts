import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEveryType, everyTypeSource, fillEveryType } from '../../../support/archive/every-type.ts';
import { openDuckDb, sqlOfPage } from '../../../support/archive/duckdb.ts';
import { exportToMemory, writeToFolder } from '../../../support/archive/exported.ts';
import { testContext } from '../../../support/context.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();
const ROWS = 900;
const MICROS_2000 = 946_684_800_000_000n;

beforeAll(async () => {
  await createEveryType(database.current.sql);
  await fillEveryType(database.current.sql, ROWS);
});

async function exported() {
  const ctx = testContext(database.current.url);
  const session = await ctx.db.session();
  const source = await everyTypeSource(session);
  const all = await exportToMemory(ctx, source, { rowsPerFile: 600, codec: 'gzip' });
  const untimed = await everyTypeSource(session, {
    table: 'untimed',
    timeColumn: undefined,
    orderedBy: ['id'],
    from: `from every_type as source where number is null`,
  });
  const few = await exportToMemory(ctx, untimed);
  return { all, few, folder: await writeToFolder([all, few]) };
}

/** Every value as a text that means the same everywhere: bits of doubles, microseconds, days. */
async function rowsOfServer(): Promise<readonly Record<string, unknown>[]> {
  return [
    ...(await database.current.sql`
      select id::text, (extract(epoch from created_at) * 1000000)::bigint::text as created_at, words, name,
             secret_encrypted, note::text as note, amount::text as amount, (day - date '1970-01-01')::text as day, flag,
             small, number, big::text as big, encode(float8send(ratio), 'hex') as ratio, shade::text as shade,
             label::text as label, share::text as share, never
        from every_type
       order by every_type.created_at, every_type.id`),
  ];
}

describe('exported files, read by others', () => {
  it('give the same rows to DuckDB', async () => {
    const { folder } = await exported();
    const duckdb = await openDuckDb();
    const rows = await duckdb.run(`
      select id::varchar as id, epoch_us(created_at)::varchar as created_at, words, name, secret_encrypted,
             note::varchar as note, amount, (day - date '1970-01-01')::varchar as day, flag, small, number,
             big::varchar as big, lower(hex(ratio::bit::blob)) as ratio, shade, label, share, never
        from read_parquet('${folder}/every_type/*.parquet', hive_partitioning = false) every_type
       order by every_type.created_at, every_type.id`);
    expect(rows).toHaveLength(ROWS);
    expect(rows).toEqual(await rowsOfServer());
    const types = await duckdb.run(`
      select column_name, column_type from (describe select * from read_parquet('${folder}/every_type/part-0.parquet'))`);
    expect(Object.fromEntries(types.map((row) => [row['column_name'], row['column_type']]))).toMatchObject({
      id: 'UUID',
      created_at: 'TIMESTAMP WITH TIME ZONE',
      words: 'VARCHAR',
      note: 'JSON',
      day: 'DATE',
      flag: 'BOOLEAN',
      small: 'SMALLINT',
      number: 'INTEGER',
      big: 'BIGINT',
      ratio: 'DOUBLE',
    });
  });

  it('give the same rows to hyparquet', async () => {
    const { folder, all } = await exported();
    const rows: Record<string, unknown>[] = [];
    for (const { key } of all.files) {
      const bytes = await readFile(join(folder, key));
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      rows.push(
        ...(await parquetReadObjects({
          file,
          compressors: { GZIP: (page) => new Uint8Array(gunzipSync(page)) },
          parsers: {
            timestampFromMicroseconds: (micros) => String(micros),
            dateFromDays: (days) => String(days),
            jsonFromBytes: (json) => Buffer.from(json).toString(),
          },
        })),
      );
    }
    const read = rows.map((row) => ({
      ...row,
      big: typeof row['big'] === 'bigint' ? row['big'].toString() : null,
      ratio: bitsOf(row['ratio']),
    }));
    expect(read).toHaveLength(ROWS);
    expect(read.map(withoutUndefined)).toEqual(await rowsOfServer());
  });

  it('give the content root to DuckDB by the SQL of docs/archive-format.md alone', async () => {
    const { folder, all, few } = await exported();
    const [macros = '', variables = '', printer = ''] = sqlOfPage('archive-format.md');
    const duckdb = await openDuckDb();
    await duckdb.run(macros);
    await duckdb.run(variables.replace("'/srv/archive'", `'${folder}'`));
    const queries = await duckdb.run(printer);
    expect(queries.map(({ root }) => root)).toEqual([all.content.root, few.content.root]);
    const found = [];
    for (const { query } of queries) found.push(...(await duckdb.run(String(query))));
    expect(found).toEqual([
      { root: all.content.root, rows: String(ROWS) },
      { root: few.content.root, rows: String(few.content.rows) },
    ]);
    expect(all.content.leaves.length).toBeGreaterThan(1);
    expect(few.content.rows).toBeGreaterThan(0);
    // Another row makes another root: the SQL looks at the rows.
    const files = all.files.map(({ key }) => `'${folder}/${key}'`).join(', ');
    const [changed] = await duckdb.run(
      String(queries[0]?.['query']).replace(
        `read_parquet([${files}], hive_partitioning = false)`,
        `(select * replace (coalesce(words, '') as words) from read_parquet([${files}], hive_partitioning = false))`,
      ),
    );
    expect(changed).toMatchObject({ rows: String(ROWS) });
    expect(changed?.['root']).not.toBe(all.content.root);
  });

  it('let engines skip row groups by time', async () => {
    const { folder, all } = await exported();
    const duckdb = await openDuckDb();
    const [statistics] = await duckdb.run(`
      select epoch_us(min(stats_min_value::timestamptz))::varchar as first, epoch_us(max(stats_max_value::timestamptz))::varchar as last,
             sum(stats_null_count)::varchar as nulls
        from parquet_metadata('${folder}/every_type/*.parquet') where path_in_schema = 'created_at'`);
    const [expected] = await database.current.sql`
      select (extract(epoch from min(created_at)) * 1000000)::bigint::text as first,
             (extract(epoch from max(created_at)) * 1000000)::bigint::text as last, '0' as nulls
        from every_type`;
    expect(statistics).toEqual(expected);
    expect(BigInt(String(statistics?.['first']))).toBeGreaterThan(MICROS_2000);
    expect(all.files).toHaveLength(2);
  });
});

function bitsOf(value: unknown): string | null {
  if (typeof value !== 'number') return null;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

function withoutUndefined(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? null]));
}
