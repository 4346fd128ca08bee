// `migrate up` against psql and node-pg-migrate's own CLI, on an embedded server with fsync on. Every run gets an empty
// database; every side must leave the same number of tables, or the bench ends.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startEmbedded } from '../dist/embedded/server.js';
import { benchEnvironment, interleave, printVerdicts, ratio, timeCommand } from './measure.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const FILES = 20;
const STATEMENTS = 100_000;

export async function migrate() {
  const work = mkdtempSync(join(tmpdir(), 'ordersync-bench-'));
  const server = await startEmbedded({ version: 18 });
  const admin = postgres(server.url, { max: 1, onnotice: () => undefined });
  try {
    const [{ version }] = await admin`select version()`;
    console.log(`\n${version}`);
    return [
      ...(await twentyFiles(work, server, admin)),
      ...(await wholeSchema(work, server, admin)),
      ...(await largeFile(work, server, admin)),
    ];
  } finally {
    await admin.end();
    await server.stop();
    rmSync(work, { recursive: true });
  }
}

function table(number) {
  const name = `bench_${String(number).padStart(3, '0')}`;
  return `create table ${name} (id bigint generated always as identity primary key, label text not null, amount bigint not null,
  created_at timestamptz not null default now(), constraint ck_${name} check (amount >= 0));
create index idx_${name}_label on ${name} (label);
create index idx_${name}_created on ${name} (created_at);
create index idx_${name}_amount on ${name} (amount) where amount > 0;
comment on table ${name} is 'bench';
`;
}

/** One folder for ordersync, one for node-pg-migrate (both directions in one file), one file for psql. */
async function twentyFiles(work, server, admin) {
  const folder = join(work, 'twenty');
  const legacy = join(work, 'twenty-node-pg-migrate');
  mkdirSync(folder);
  mkdirSync(legacy);
  const parts = Array.from({ length: FILES }, (_, index) => table(index + 1));
  for (const [index, text] of parts.entries()) {
    const name = join(folder, `${String(index + 1).padStart(3, '0')}_bench_${index + 1}`);
    const down = `drop table bench_${String(index + 1).padStart(3, '0')};\n`;
    writeFileSync(`${name}.up.sql`, text);
    writeFileSync(`${name}.down.sql`, down);
    writeFileSync(
      join(legacy, `${1700000000000 + index}_bench.sql`),
      `-- Up Migration\n${text}\n-- Down Migration\n${down}`,
    );
  }
  const file = join(work, 'twenty.sql');
  writeFileSync(file, parts.join(''));
  const nodePgMigrate = `node ${root}node_modules/node-pg-migrate/bin/node-pg-migrate.js up -m ${legacy} -t pgm --single-transaction=false`;
  const side = sideOf(server, admin, FILES);
  const taken = await interleave({
    'psql -1 -f': side(`psql -X -q -v ON_ERROR_STOP=1 -1 -f ${file} "$DATABASE_URL"`),
    'ordersync migrate up': side(ordersync(folder)),
    'node-pg-migrate up': side(nodePgMigrate),
  });
  const verdicts = [
    ratio(taken, 'ordersync migrate up', 'psql -1 -f', { bound: 2.5 }),
    ratio(taken, 'ordersync migrate up', 'node-pg-migrate up', { bound: 1 }),
  ];
  printVerdicts(`${FILES} files of one table, three indexes, a check and a comment: wall`, verdicts, taken);
  return verdicts;
}

/** The full schema, with what bare node costs taken off ordersync's side. */
async function wholeSchema(work, server, admin) {
  const folder = join(root, 'migrations');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.up.sql'))
    .toSorted();
  const file = join(work, 'schema.sql');
  writeFileSync(file, names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n'));
  const side = sideOf(server, admin, undefined);
  const taken = await interleave({
    'psql -1 -f': side(`psql -X -q -v ON_ERROR_STOP=1 -1 -f ${file} "$DATABASE_URL"`),
    'ordersync migrate up': side(ordersync(folder)),
    'node -e 0': async () => timeCommand('node -e 0', { repeat: 5, env: benchEnvironment() }).wall,
  });
  const net = taken['ordersync migrate up'].map((seconds, round) => seconds - taken['node -e 0'][round]);
  const verdicts = [
    ratio({ ...taken, 'ordersync less node': net }, 'ordersync less node', 'psql -1 -f', { bound: 1.5 }),
  ];
  printVerdicts(`the whole schema, ${names.length} files: wall`, verdicts, taken);
  return verdicts;
}

async function largeFile(work, server, admin) {
  const folder = join(work, 'large');
  mkdirSync(folder);
  const filler = 'x'.repeat(60);
  const lines = Array.from(
    { length: STATEMENTS },
    (_, index) => `insert into bench_large (id, label) values (${index}, '${filler}${index}');`,
  );
  const file = join(folder, '001_large.up.sql');
  writeFileSync(file, `create table bench_large (id bigint, label text);\n${lines.join('\n')}\n`);
  writeFileSync(join(folder, '001_large.down.sql'), 'drop table bench_large;\n');
  const side = sideOf(server, admin, 1);
  const taken = await interleave(
    {
      'psql -1 -f': side(`psql -X -q -v ON_ERROR_STOP=1 -1 -f ${file} "$DATABASE_URL"`),
      'ordersync migrate up': side(ordersync(folder)),
    },
    5,
  );
  const verdicts = [ratio(taken, 'ordersync migrate up', 'psql -1 -f', { bound: 1 })];
  printVerdicts(
    `one file, ${STATEMENTS} statements, ${(readFileSync(file).length / 1e6).toFixed(1)} MB: wall`,
    verdicts,
    taken,
  );
  return verdicts;
}

function ordersync(folder) {
  return `node ${root}bin/ordersync.js migrate up --migrations ${folder}`;
}

/** Makes a side: an empty database, the command line timed on it, the tables it left counted, the database dropped. */
function sideOf(server, admin, tables) {
  return (line) => async () => {
    await admin.unsafe('drop database if exists bench with (force)');
    await admin.unsafe('create database bench');
    // In the environment, not on the command line, which an error message repeats.
    const { wall } = timeCommand(line, { env: { ...benchEnvironment(), DATABASE_URL: server.urlFor('bench') } });
    await assertTables(server.urlFor('bench'), tables);
    return wall;
  };
}

async function assertTables(url, expected) {
  const sql = postgres(url, { max: 1 });
  try {
    const [{ count }] = await sql`
      select count(*)::int as count from pg_tables
      where schemaname = 'public' and tablename not like 'schema_migration%' and tablename <> 'pgm'`;
    if (expected === undefined ? count < 17 : count !== expected)
      throw new Error(`${count} tables where ${expected ?? '17 or more'} were due`);
  } finally {
    await sql.end();
  }
}
