// Exporting a month of audit rows with its content root, against the server's own COPY of the same rows thrown away, and against
// the usual way to Parquet: COPY CSV piped into DuckDB. Every round ends with a look at the rows of both Parquet files.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { makeMonth } from './archive/rows.js';
import { interleave, printVerdicts, ratio, timeCommand } from './measure.js';
import { peakHook, readPeak } from './rotate/product.js';
import { openSite, ordersync, withDatabase } from './rotate/site.js';

const ROWS = Number(process.env.ORDERSYNC_BENCH_ARCHIVE_ROWS ?? 2_000_000);
const ROUNDS = Number(process.env.ORDERSYNC_BENCH_ROUNDS ?? 5);
const PEAK_MB = 200;
const COPY = 'psql COPY BINARY';
const EXPORT = 'ordersync export and root';
const DUCKDB = 'COPY CSV | DuckDB';

export async function archive() {
  const site = await openSite();
  try {
    const month = await makeMonth(site, 'month', ROWS);
    return [...(await speed(site, month)), ...(await memory(site))];
  } finally {
    await site.close();
  }
}

async function speed(site, { partition, rows }) {
  const url = site.server.urlFor('month');
  const { columns, root } = await describe(site, 'month', partition);
  const names = columns.map(({ name }) => name).join(', ');
  const copy = (options) => `copy (select ${names} from ${partition}) to stdout (${options})`;
  const csv = join(site.work, 'csv.parquet');
  const env = { ...site.env, BENCH_URL: url, BENCH_FILE: csv, BENCH_COLUMNS: JSON.stringify(duckDbColumns(columns)) };
  const psql = (options) => `psql -X -q -v ON_ERROR_STOP=1 -c "${copy(options)}" "$BENCH_URL"`;
  console.log(`\narchive: ${rows} rows\n  ${copy('format binary')}`);
  let exported;
  const taken = await interleave(
    {
      [COPY]: () => timeCommand(psql('format binary'), { env }).wall,
      [EXPORT]: () => {
        exported = runExport(site, 'month', partition);
        if (exported.rows !== rows || exported.root !== root) throw new Error('the export holds other rows');
        return exported.seconds;
      },
      [DUCKDB]: async () => {
        const { wall } = timeCommand(`set -o pipefail; ${psql('format csv')} | node ${script('duckdb.js')}`, { env });
        await assertSameRows(names, exported.paths, [csv]);
        return wall;
      },
    },
    ROUNDS,
  );
  const verdicts = [ratio(taken, EXPORT, COPY, { bound: 8 }), ratio(taken, EXPORT, DUCKDB, { bound: 1 })];
  printVerdicts(`archive: export of ${rows} rows, ${megabytes(exported.files)} MB of Parquet`, verdicts, taken);
  return verdicts;
}

/** Peak memory of the whole command, which also has the server prove the rows and reads the files back: half of the rows and twice as many. */
async function memory(site) {
  const peaks = {};
  for (const rows of [ROWS / 2, ROWS * 2]) {
    const { month } = await makeMonth(site, 'memory', rows);
    const { peakMb, seconds } = runArchive(site, 'memory', month);
    await assertArchived(site, 'memory', rows);
    console.log(`  archive run --keep of ${rows} rows: ${seconds.toFixed(1)} s, peak memory ${peakMb.toFixed(0)} MB`);
    peaks[rows] = peakMb;
  }
  const [less, more] = Object.values(peaks);
  const flat = more / less <= 1.15;
  const small = more <= PEAK_MB;
  console.log(`  memory at four times the rows ${(more / less).toFixed(2)} (≤ 1.15) ${flat ? 'reached' : 'MISSED'}`);
  console.log(`  most of it ${more.toFixed(0)} MB (≤ ${PEAK_MB}) ${small ? 'reached' : 'MISSED'}`);
  return [
    { measure: 'archive: memory at 4 × the rows', ratio: more / less, verdict: flat ? 'reached' : 'MISSED' },
    { measure: 'archive: peak memory', ratio: more, verdict: small ? 'reached' : 'MISSED' },
  ];
}

function runArchive(site, database, month) {
  const folder = join(site.work, 'store');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { peakFile, env } = peakHook(site);
  const words = ['archive', 'run', '--table', 'audit_logs', '--month', month, '--keep', '--yes', '--to', folder];
  const started = performance.now();
  ordersync(site, database, words, env);
  return { seconds: (performance.now() - started) / 1000, peakMb: readPeak(peakFile) };
}

/** The manifest has to tell of every row. */
async function assertArchived(site, database, rows) {
  const [{ archived }] = await withDatabase(
    site,
    database,
    (sql) => sql`select (manifest::jsonb -> 'sources' -> 0 ->> 'rows')::int as archived from archive_manifests`,
  );
  if (archived !== rows) throw new Error(`${archived} rows were archived instead of ${rows}`);
}

function runExport({ server, env, work }, database, partition) {
  const folder = join(work, 'archive');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const words = [script('export.js'), server.urlFor(database), partition, folder];
  const ran = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`the export ended with ${ran.status}: ${ran.stderr}`);
  const exported = JSON.parse(ran.stdout);
  return { ...exported, paths: exported.files.map(({ key }) => join(folder, key)) };
}

/** Columns of the partition, and the root that the server gives its rows. */
async function describe(site, database, partition) {
  return withDatabase(site, database, async (sql) => {
    const columns = await sql`
      select attname as name, format_type(atttypid, null) as type
        from pg_attribute
       where attrelid = ${partition}::regclass and attnum > 0 and not attisdropped
       order by attnum`;
    const names = columns.map(({ name }) => name).join(', ');
    const [{ root }] = await sql.unsafe(`
      select encode(sha256(string_agg(leaf, ''::bytea order by hour)), 'hex') as root
        from (select date_trunc('hour', created_at, 'UTC') as hour, sha256(string_agg(digest, ''::bytea order by created_at, id)) as leaf
                from (select created_at, id, sha256(record_send(row(${names}))) as digest from ${partition}) digests
               group by 1) leaves`);
    return { columns, root };
  });
}

const DUCKDB_TYPES = {
  uuid: 'UUID',
  'timestamp with time zone': 'TIMESTAMPTZ',
  boolean: 'BOOLEAN',
  bigint: 'BIGINT',
};

function duckDbColumns(columns) {
  return Object.fromEntries(columns.map(({ name, type }) => [name, DUCKDB_TYPES[type] ?? 'VARCHAR']));
}

/** Counts and digests the rows of both, whatever their order. */
async function assertSameRows(names, ...sides) {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  const found = [];
  for (const files of sides) {
    const list = files.map((file) => `'${file}'`).join(', ');
    const hashed = names.replace('changes', 'changes::varchar').replace('created_at', 'epoch_us(created_at)');
    const reader = await connection.runAndReadAll(
      `select count(*)::varchar as rows, bit_xor(hash(${hashed}))::varchar as hash from read_parquet([${list}])`,
    );
    found.push(JSON.stringify(reader.getRowObjectsJson()));
  }
  connection.closeSync();
  if (new Set(found).size !== 1) throw new Error(`the files hold other rows: ${found.join(' ')}`);
}

function script(name) {
  return fileURLToPath(new URL(`archive/${name}`, import.meta.url));
}

function megabytes(files) {
  return (files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(0);
}
