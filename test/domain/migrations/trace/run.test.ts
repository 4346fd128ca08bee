import { beforeAll, describe, expect, test } from 'vitest';
import type { TraceFinding } from '../../../../src/domain/migrations/trace/findings.ts';
import { tracePending } from '../../../../src/domain/migrations/trace/run.ts';
import { driven, testContext } from '../../../support/context.ts';
import { migrationFolder, PROJECT_MIGRATIONS } from '../../../support/migration-files.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { waitFor } from '../../../support/wait.ts';
import { emptyDatabase } from '../runner.ts';

/** What is applied: tables in use, empty in the scratch database. */
const APPLIED = `
  create table users (id int primary key);
  create table big (id int primary key, n int, name varchar(10), user_id int, at timestamptz);
  create index big_n on big (n);
  create table small (id int primary key, user_id int);
  create table months (id int, at date not null) partition by range (at);
  create table months_1 partition of months for values from ('2026-01-01') to ('2026-02-01');
  create table months_2 (id int, at date not null);
  create materialized view totals as select n, count(*) as total from big group by n;
`;

/** Version 001 as somebody who works without the tool would record it. */
const LEDGER = `
  create table schema_migrations (
    version varchar(20) primary key, description text not null, applied_at timestamptz not null default now(),
    execution_time_ms bigint, checksum varchar(64));
  insert into schema_migrations (version, description) values ('001', 'applied by hand');
`;

const database = useDatabase();
beforeAll(async () => {
  const { sql } = database.current;
  await sql.unsafe(APPLIED);
  await sql.unsafe(`
    ${LEDGER}
    insert into users select generate_series(1, 1000);
    insert into big select i, i, 'x', 1, now() from generate_series(1, 120000) as i;
    insert into months select i, '2026-01-15' from generate_series(1, 120000) as i;
    insert into small values (1, 1);
    analyze;
  `);
});

async function traceOf(files: Readonly<Record<string, string>>) {
  const dir = await migrationFolder({ '001_applied.up.sql': APPLIED, ...files });
  return (await driven(tracePending(testContext(database.current.url, dir)))).result;
}

/** "trace-rewrite high big: AccessExclusiveLock, reads and writes" */
function lineOf({ rule, severity, table, lock, blocks }: TraceFinding): string {
  return `${rule} ${severity} ${table?.replace('public.', '') ?? '-'}: ${lock ?? 'no new lock'}, ${blocks ?? '-'}`;
}

/** One statement, and what must be told of it. A statement without lines takes no lock that ordinary work waits for. */
const CASES: readonly (readonly [statement: string, ...lines: string[]])[] = [
  [
    'alter table big add column v uuid default gen_random_uuid()',
    'trace-rewrite high big: AccessExclusiveLock, reads and writes',
  ],
  [
    'alter table big add column c int default 1',
    'trace-access-exclusive medium big: AccessExclusiveLock, reads and writes',
  ],
  ['alter table small add column c int', 'trace-access-exclusive low small: AccessExclusiveLock, reads and writes'],
  [
    'alter table big alter column name type varchar(5)',
    'trace-rewrite high big: AccessExclusiveLock, reads and writes',
  ],
  [
    'alter table big alter column name type varchar(200)',
    'trace-access-exclusive medium big: AccessExclusiveLock, reads and writes',
  ],
  ['alter table big alter column user_id set not null', 'trace-scan high big: AccessExclusiveLock, reads and writes'],
  [
    'alter table big add constraint positive check (n > 0)',
    'trace-scan high big: AccessExclusiveLock, reads and writes',
  ],
  [
    'alter table big add constraint later check (n > 1) not valid',
    'trace-access-exclusive medium big: AccessExclusiveLock, reads and writes',
  ],
  ['alter table big validate constraint later', 'trace-scan medium big: ShareUpdateExclusiveLock, nothing'],
  [
    'alter table big add constraint fk foreign key (user_id) references users',
    'trace-scan high big: ShareRowExclusiveLock, writes',
    'trace-write-lock low users: ShareRowExclusiveLock, writes',
  ],
  [
    'alter table big add constraint fk2 foreign key (user_id) references users not valid',
    'trace-write-lock low big: ShareRowExclusiveLock, writes',
    'trace-write-lock low users: ShareRowExclusiveLock, writes',
  ],
  ['create index on big (at)', 'trace-scan high big: ShareLock, writes'],
  ['alter table big add unique (n, id)', 'trace-scan high big: AccessExclusiveLock, reads and writes'],
  ['drop index big_n', 'trace-access-exclusive medium big: AccessExclusiveLock, reads and writes'],
  [
    "create table months_3 partition of months for values from ('2026-03-01') to ('2026-04-01')",
    'trace-access-exclusive medium months: AccessExclusiveLock, reads and writes',
  ],
  [
    "alter table months attach partition months_2 for values from ('2026-02-01') to ('2026-03-01')",
    'trace-scan low months_2: AccessExclusiveLock, reads and writes',
  ],
  [
    'alter table months add column v uuid default gen_random_uuid()',
    'trace-rewrite high months: AccessExclusiveLock, reads and writes',
    'trace-rewrite low months_2: AccessExclusiveLock, reads and writes',
  ],
  [
    'refresh materialized view totals',
    'trace-rewrite low totals: AccessExclusiveLock, reads and writes',
    'trace-scan medium big: AccessShareLock, nothing',
  ],
  [
    'create trigger t before insert on big for each row execute function suppress_redundant_updates_trigger()',
    'trace-write-lock low big: ShareRowExclusiveLock, writes',
  ],
  ['update big set n = n + 1', 'trace-scan medium big: RowExclusiveLock, nothing'],
  ['update big set n = 0 where id = 1'],
  ["comment on table big is 'large'"],
  ['alter table big set (fillfactor = 90)'],
  ['create table fresh (id int primary key, n int)'],
  ['create index on fresh (n)'],
  ['alter table fresh alter column n type bigint'],
  ['truncate small', 'trace-access-exclusive low small: AccessExclusiveLock, reads and writes'],
  [
    "do $$ begin execute 'alter table small rename to smaller'; end $$",
    'trace-access-exclusive low small: AccessExclusiveLock, reads and writes',
  ],
];

function fileOf(index: number): string {
  return `${101 + index}_case.up.sql`;
}

describe('tracePending', () => {
  test('tells what each statement really does to tables in use, whatever version the server has', async () => {
    const files = CASES.map(([statement], index) => [fileOf(index), statement] as const);
    const { findings, files: traced } = await traceOf(Object.fromEntries(files));
    expect(traced).toHaveLength(CASES.length);
    const told = CASES.map(([statement], index) => [
      statement,
      ...findings
        .filter(({ file }) => file === fileOf(index))
        .map(lineOf)
        .toSorted(),
    ]);
    expect(told).toEqual(CASES.map(([statement, ...lines]) => [statement, ...lines.toSorted()]));
  });

  test('gives place, size in the configured database, and what a lock waits for later in the file', async () => {
    const { findings } = await traceOf({
      '002_both.up.sql': '-- first\nalter table small add column c int;\n\n  create index on big (at);\n',
    });
    expect(findings).toMatchObject([
      { rule: 'trace-access-exclusive', file: '002_both.up.sql', line: 2, column: 1, table: 'public.small', rows: 1 },
      { rule: 'trace-scan', line: 4, column: 3, table: 'public.big', rows: 120_000, lock: 'ShareLock' },
    ]);
    expect(findings[0]?.message).toBe(
      'locks public.small under ACCESS EXCLUSIVE: reads and writes wait, also while statement 2 works',
    );
    expect(findings[1]?.bytes).toBeGreaterThan(1_000_000);
  });

  test('a lock that a statement before has taken is not told twice, and weighs on what follows', async () => {
    const { findings } = await traceOf({
      '002_twice.up.sql': 'lock table big; alter table big add column c int; update big set n = 1;',
    });
    expect(findings.map(lineOf)).toEqual([
      'trace-access-exclusive high big: AccessExclusiveLock, reads and writes',
      'trace-scan high big: no new lock, reads and writes',
    ]);
  });

  test('a suppression with a reason silences it', async () => {
    const { findings } = await traceOf({
      '002_quiet.up.sql':
        '-- ordersync: lint-ignore=trace-scan reason: nobody writes at night\ncreate index on big (at);',
    });
    expect(findings).toEqual([]);
  });

  test('a statement that would fail is told with its place, and what follows is left out', async () => {
    const result = await traceOf({
      '002_wrong.up.sql': 'alter table small add column c int;\nalter table small add column d nothing;',
      '003_next.up.sql': 'create index on big (at);',
    });
    expect(result.findings.at(-1)).toMatchObject({
      rule: 'trace-failed',
      severity: 'high',
      file: '002_wrong.up.sql',
      line: 2,
      column: 32,
      message: 'type "nothing" does not exist',
    });
    expect(result.notes).toEqual([expect.stringContaining('after 002_wrong.up.sql were not traced')]);
  });

  test('a file outside a transaction is run, not traced, and said so', async () => {
    const result = await traceOf({
      '002_i.up.sql': '-- ordersync: no-transaction\ncreate index concurrently i on big (at);',
      '003_next.up.sql': 'create table more (id int);',
    });
    expect(result.notes).toEqual([expect.stringContaining('002_i.up.sql')]);
    expect(result.findings).toEqual([]);
    expect(result.files.map(({ traced }) => traced)).toEqual([false, true]);
  });

  test('what a builder migration stands for is traced as well', async () => {
    const { findings } = await traceOf({
      '002_built.ts':
        "export const up = (pgm: any) => pgm.addColumns('big', { v: { type: 'uuid', default: pgm.func('gen_random_uuid()') } });",
    });
    expect(findings.map(lineOf)).toEqual(['trace-rewrite high big: AccessExclusiveLock, reads and writes']);
  });

  test('a table whose statistics nobody ever took has rows, and bytes that nobody knows', async () => {
    const fresh = await emptyDatabase();
    await fresh.sql.unsafe(`
      create table big (id int) with (autovacuum_enabled = false);
      ${LEDGER}
      insert into big select generate_series(1, 200000);
    `);
    const counted = () => fresh.sql`select from pg_stat_user_tables where relname = 'big' and n_live_tup = 200000`;
    await waitFor(async () => (await counted()).length === 1, 'the server has counted the rows');
    const dir = await migrationFolder({
      '001_applied.up.sql': 'create table big (id int);',
      '002_i.up.sql': 'create index on big (id);',
    });
    const { result } = await driven(tracePending(testContext(fresh.url, dir)));
    expect(result.findings).toMatchObject([{ severity: 'high', rows: 200_000, bytes: null }]);
  });

  test('nothing pending needs no scratch database', async () => {
    expect(await traceOf({})).toEqual({ files: [], findings: [], notes: [] });
  });

  test('the migrations of this project, all pending, touch nothing that is in use', async () => {
    const empty = await emptyDatabase();
    const { result } = await driven(tracePending(testContext(empty.url, PROJECT_MIGRATIONS)));
    expect(result.findings).toEqual([]);
    expect(result.files.every(({ traced }) => traced)).toBe(true);
  });
});
