import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { migrationFolder } from '../../support/migration-files.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';

/** `npm run test:chaos` asks for all 50; the short form hits every phase once. */
const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? 50 : 5;
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);

/** Odd files are transactions, even ones run outside; each makes `t<n>` and puts 100 rows into it exactly once. */
const FILE_COUNT = 4;
const PHASES = [
  'file 1: transaction',
  'file 2: outside',
  'file 3: transaction',
  'file 4: outside',
  'nothing left to do',
];

const FILES = Object.fromEntries(
  Array.from({ length: FILE_COUNT }, (_, index) => {
    const n = index + 1;
    const fill = `create table t${n} (id int, payload text);
      insert into t${n} select i, repeat('x', 100) from generate_series(1, 100) i;
      select pg_sleep(0.3);`;
    const outside = `-- ordersync: no-transaction
      ${fill}
      insert into t${n} select 1000 + i from generate_series(1, 50000) i;
      create index concurrently t${n}_id on t${n} (id);
      vacuum t${n};
      create unique index concurrently t${n}_id_key on t${n} (id);`;
    return [`${n}_fill.up.sql`, n % 2 === 1 ? fill : outside];
  }),
);

test(`killed ${KILLS} times (seed ${SEED}): the ledger tells the truth, locks go, the next up finishes`, async () => {
  const random = seeded(SEED);
  const dir = await migrationFolder(FILES);
  const landed = new Map<string, number>();
  let database = await freshDatabase();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const target = kill % PHASES.length;
    if (target === 0 && kill > 0) database = await freshDatabase();
    const child = startUp(database, dir);
    const exited = once(child, 'exit');
    await waitFor(
      async () => child.exitCode !== null || (await appliedCount(database)) >= target,
      `version ${target} is applied`,
    );
    await sleep(random() * 300); // no longer than a transactional file takes, so that each phase is hit
    child.kill('SIGKILL');
    await exited;
    await expectNoLocks(database);
    const phase = PHASES[await appliedCount(database)] ?? 'unknown';
    landed.set(phase, (landed.get(phase) ?? 0) + 1);
    await expectTruth(database);
  }
  const last = startUp(database, dir);
  const [code] = (await once(last, 'exit')) as [number];
  expect(code).toBe(0);
  expect(await appliedCount(database)).toBe(FILE_COUNT);
  await expectTruth(database);
  console.log(`seed ${SEED}: ${[...landed].map(([phase, count]) => `${phase} ${count}`).join(', ')}`);
  const seldom = PHASES.filter((phase) => (landed.get(phase) ?? 0) < (FULL ? 3 : 0));
  expect(seldom).toEqual([]);
});

test('killed in a statement that goes on for hours: the server ends it, and its locks go', async () => {
  const database = await freshDatabase();
  const dir = await migrationFolder({ '1_long.up.sql': 'create table t1 (id int); select pg_sleep(36000);' });
  const child = startUp(database, dir);
  const exited = once(child, 'exit');
  await waitFor(async () => {
    const sleeping = await database.sql`
      select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    return sleeping.length > 0;
  }, 'the statement runs');
  child.kill('SIGKILL');
  await exited;
  await expectNoLocks(database);
  expect(await appliedCount(database)).toBe(0);
  await expectTruth(database);
});

async function freshDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  onTestFinished(async () => {
    await database.assertNothingLeft();
    await database.drop();
  });
  return database;
}

/** The real program: a process can be killed, a function call cannot. */
function startUp(database: TestDatabase, dir: string): ChildProcess {
  const bin = join(import.meta.dirname, '../../../bin/ordersync.js');
  return spawn(process.execPath, [bin, 'migrate', 'up', '--migrations', dir, '--url', database.url], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
  });
}

async function appliedCount(database: TestDatabase): Promise<number> {
  const [row] = await database.sql<
    { there: boolean }[]
  >`select to_regclass('public.schema_migrations') is not null as there`;
  if (row?.there !== true) return 0;
  const [count] = await database.sql<{ n: number }[]>`select count(*)::int as n from public.schema_migrations`;
  return count?.n ?? 0;
}

/** Looks at the tables themselves, with nothing of the program's own code. */
async function expectTruth(database: TestDatabase): Promise<void> {
  const applied = await appliedCount(database);
  const lies: string[] = [];
  for (let n = 1; n <= FILE_COUNT; n += 1) {
    const rows = await rowsOf(database, n);
    if (!allowedRows(n, applied).includes(rows)) lies.push(`file ${n} of ${applied} applied: ${rows} rows`);
  }
  const invalid = await database.sql<{ name: string }[]>`
    select indexrelid::regclass::text as name from pg_index
    where not indisvalid and indexrelid::regclass::text not like ${`t${applied + 1}%`}`;
  expect([...lies, ...invalid.map(({ name }) => `${name} is INVALID`)]).toEqual([]);
}

const NO_TABLE = -1;

/** A file in the ledger is complete; an unfinished transaction left nothing; outside, each insert is whole and there once. */
function allowedRows(n: number, applied: number): readonly number[] {
  const transaction = n % 2 === 1;
  if (n <= applied) return [transaction ? 100 : 50_100];
  return transaction || n > applied + 1 ? [NO_TABLE] : [NO_TABLE, 0, 100, 50_100];
}

async function rowsOf(database: TestDatabase, n: number): Promise<number> {
  const [found] = await database.sql<{ there: boolean }[]>`select to_regclass(${`t${n}`}) is not null as there`;
  if (found?.there !== true) return NO_TABLE;
  const [row] = await database.sql<{ n: number }[]>`select count(*)::int as n from ${database.sql(`t${n}`)}`;
  return row?.n ?? NO_TABLE;
}

async function expectNoLocks(database: TestDatabase): Promise<void> {
  await waitFor(
    async () =>
      (
        await database.sql`select 1 from pg_stat_activity where datname = ${database.name} and application_name like 'ordersync migrate%'`
      ).length === 0,
    "the killed run's backend ends and its locks with it",
  );
}

/** mulberry32: small, seeded, good enough to scatter moments. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
