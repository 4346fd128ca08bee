// `ordersync seed` against psql's \copy of the very same rows, ready made in files: encryption, invention and checks are what
// the difference pays for. Both sides fill a copy of the same empty database (months there already), in one transaction,
// with the two audit triggers resting. Memory is compared between a scale and ten times that scale.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startEmbedded } from '../dist/embedded/server.js';
import { benchEnvironment, interleave, printVerdicts, ratio, timeCommand } from './measure.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = `${root}bin/ordersync.js`;
const ROWS = Number(process.env.ORDERSYNC_BENCH_SEED_ROWS ?? 200_000);
const ROUNDS = Number(process.env.ORDERSYNC_BENCH_ROUNDS ?? 5);
const FIXED = ['--until', '2026-03-15T12:00Z', '--months', '6', '--random-seed', 'bench'];
const TRIGGERS = { users: 'trigger_audit_users', payments: 'trigger_audit_payments' };

export async function seed() {
  const work = mkdtempSync(join(tmpdir(), 'ordersync-bench-'));
  const server = await startEmbedded({ version: 18 });
  const admin = postgres(server.url, { max: 1, onnotice: () => undefined });
  try {
    const [{ version }] = await admin`select version()`;
    console.log(`\n${version}`);
    const bench = { work, server, admin, env: keyEnvironment(work) };
    await prepare(bench);
    return [...(await speed(bench)), ...(await memory(bench))];
  } finally {
    await admin.end();
    await server.stop();
    rmSync(work, { recursive: true });
  }
}

function keyEnvironment(work) {
  const keyFile = join(work, 'master.key');
  spawnSync('sh', ['-c', `umask 077 && head -c 32 /dev/urandom > ${keyFile}`]);
  return {
    ...benchEnvironment(),
    ORDERSYNC_KEY_PROVIDER: 'local',
    ORDERSYNC_KEYRING: join(work, 'keyring.json'),
    ORDERSYNC_KEYRING_KEY_FILE: keyFile,
  };
}

/** The database every side starts from, and the rows of one seed as files. */
async function prepare(bench) {
  const { work, server, admin } = bench;
  await admin.unsafe('create database origin');
  for (const words of [
    ['migrate', 'up'],
    ['key', 'keyring', 'init'],
    ['key', 'create', '--type', 'all'],
  ]) {
    run(bench, 'origin', words);
  }
  const months = postgres(server.urlFor('origin'), { max: 1, onnotice: () => undefined });
  await months`select ensure_month_partitions('2025-09-01', now()::date)`;
  await months.end();
  await fresh(bench, 'ready');
  bench.tables = seedInto(bench, 'ready', ROWS).map(({ table, rows }) => ({ table, rows }));
  bench.rows = bench.tables.reduce((sum, { rows }) => sum + rows, 0);
  bench.script = join(work, 'load.sql');
  mkdirSync(join(work, 'rows'));
  const sql = postgres(server.urlFor('ready'), { max: 1 });
  const lines = [];
  for (const { table } of bench.tables) {
    const [{ columns }] = await sql`
      select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
      where attrelid = ${table}::regclass and attnum > 0 and not attisdropped`;
    const file = join(work, 'rows', table);
    const where = table === 'audit_logs' ? `where action not like '%\\_KEY'` : '';
    psql(server.urlFor('ready'), `\\copy (select ${columns} from ${table} ${where}) to '${file}'`);
    lines.push(`\\copy ${table} (${columns}) from '${file}'`);
  }
  await sql.end();
  writeFileSync(bench.script, [...switched('disable'), ...lines, ...switched('enable'), ''].join('\n'));
  const bytes = bench.tables.reduce((sum, { table }) => sum + statSync(join(work, 'rows', table)).size, 0);
  console.log(`${bench.rows} rows in ${bench.tables.length} tables, ${(bytes / 1e6).toFixed(0)} MB of text`);
}

async function speed(bench) {
  const { server, script } = bench;
  const loads = [];
  const taken = await interleave(
    {
      'psql \\copy': async () => {
        await fresh(bench, 'bench');
        const env = { ...bench.env, DATABASE_URL: server.urlFor('bench') };
        const { wall } = timeCommand(`psql -X -q -v ON_ERROR_STOP=1 -1 -f ${script} "$DATABASE_URL"`, { env });
        await assertRows(bench);
        return wall;
      },
      'ordersync seed, whole command': async () => {
        await fresh(bench, 'bench');
        const started = performance.now();
        const tables = seedInto(bench, 'bench', ROWS);
        const wall = (performance.now() - started) / 1000;
        loads.push(tables.reduce((sum, { elapsed_ms: ms }) => sum + ms, 0) / 1000);
        await assertRows(bench);
        return wall;
      },
    },
    ROUNDS,
  );
  const all = { ...taken, 'ordersync seed, loading': loads.slice(-ROUNDS) };
  const verdicts = [ratio(all, 'psql \\copy', 'ordersync seed, loading', { bound: 0.7, atMost: false })];
  const whole = ratio(all, 'psql \\copy', 'ordersync seed, whole command', { bound: 0, atMost: false });
  printVerdicts(`seed: rows a second over \\copy, ${bench.rows} rows`, [...verdicts, whole], all);
  return verdicts;
}

/**
 * Peak resident memory of the program, at a scale and at ten times it. Half of the rows above is enough to fill every
 * buffer: below 20 000 rows the program itself is still being loaded and compiled while the rows are.
 */
async function memory(bench) {
  const peaks = {};
  for (const rows of [ROWS / 2, ROWS * 5]) {
    const file = join(bench.work, `peak-${rows}`);
    const hook = `import fs from 'node:fs';process.on('exit',()=>fs.writeFileSync(${JSON.stringify(file)},String(process.resourceUsage().maxRSS)))`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
    await fresh(bench, 'bench');
    seedInto(bench, 'bench', rows, { NODE_OPTIONS });
    peaks[rows] = Number(readFileSync(file, 'utf8')) / 1024;
  }
  const [less, more] = Object.values(peaks);
  const held = more / less <= 1.15;
  console.log(`  peak memory: ${less.toFixed(0)} MB at ${ROWS / 2} rows, ${more.toFixed(0)} MB at ${ROWS * 5} rows`);
  console.log(`  ten times the rows ${(more / less).toFixed(2)} (≤ 1.15) ${held ? 'reached' : 'MISSED'}`);
  return [{ measure: 'seed: memory at 10 × the rows', ratio: more / less, verdict: held ? 'reached' : 'MISSED' }];
}

async function fresh({ admin }, name) {
  await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.unsafe(`create database ${name} template origin`);
}

/** @returns the report's rows, one for each table */
function seedInto(bench, database, rows, env = {}) {
  const words = ['seed', '--scale', String(rows), ...FIXED, '--format', 'json'];
  return JSON.parse(run(bench, database, words, env)).data;
}

function run({ server, env }, database, words, extra = {}) {
  const ran = spawnSync(process.execPath, [bin, ...words], {
    env: { ...env, ...extra, ORDERSYNC_DATABASE_URL: server.urlFor(database) },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(`ordersync ${words.join(' ')} failed (${ran.status}): ${ran.stderr}`);
  return ran.stdout;
}

function psql(url, command) {
  const ran = spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command, url], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`psql failed: ${ran.stderr}`);
}

function switched(how) {
  return Object.entries(TRIGGERS).map(([table, name]) => `alter table ${table} ${how} trigger ${name};`);
}

/** Both sides must leave the same number of rows in every table, and of payment keys, or the bench ends. */
async function assertRows({ server, tables }) {
  const sql = postgres(server.urlFor('bench'), { max: 1 });
  try {
    for (const { table, rows } of tables) {
      const where = table === 'audit_logs' ? sql`where action not like '%\\_KEY'` : sql``;
      const [{ count }] = await sql`select count(*)::int as count from ${sql(table)} ${where}`;
      if (count !== rows) throw new Error(`${table} has ${count} rows instead of ${rows}`);
    }
    const [{ same }] = await sql`
      select (select count(*) from payment_order_keys) = (select count(*) from payments) as same`;
    if (!same) throw new Error('payments without a key');
  } finally {
    await sql.end();
  }
}
