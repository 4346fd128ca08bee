import { describe, expect, test } from 'vitest';
import type { Work } from '../../../src/context.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { rehearse } from '../../../src/domain/migrations/rehearse.ts';
import { driven, testContext } from '../../support/context.ts';
import { migrationFolder, PROJECT_MIGRATIONS, projectWith } from '../../support/migration-files.ts';
import { asSuperuser, useDatabase } from '../../support/postgres.ts';

const database = useDatabase();

async function rehearsed(dir: string) {
  return (await driven(rehearse(testContext(database.current.url, dir)))).result;
}

async function rehearsedFiles(files: Record<string, string>) {
  return rehearsed(await migrationFolder(files));
}

const TABLE = { '001_a.up.sql': 'create table a (id int primary key);', '001_a.down.sql': 'drop table a;' };

describe('rehearse', () => {
  test('the migrations of this project go up, down and up again to the same schema', async () => {
    const result = await rehearsed(PROJECT_MIGRATIONS);
    expect(result.finding).toBeUndefined();
    expect(result.files).toBeGreaterThan(15);
    expect(result.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a true way back is accepted, also outside a transaction', async () => {
    const result = await rehearsedFiles({
      ...TABLE,
      '002_i.up.sql': '-- ordersync: no-transaction\ncreate index concurrently i on a (id);',
      '002_i.down.sql': '-- ordersync: no-transaction\ndrop index concurrently i;',
    });
    expect(result).toMatchObject({ files: 2, finding: undefined });
  });

  test('a file that leaves something behind is named, with what it left', async () => {
    const { finding } = await rehearsedFiles({
      ...TABLE,
      '002_b.up.sql': 'create table b (id int); create function f() returns int language sql as $$ select 1 $$;',
      '002_b.down.sql': 'drop table b;',
      '003_c.up.sql': 'create table c (id int);',
      '003_c.down.sql': 'drop table c;',
    });
    expect(finding).toMatchObject({ file: '002_b.down.sql', version: '002', pass: 'down', problem: 'not undone' });
    expect(finding?.differences.map(({ change, kind, identity }) => [change, kind, identity])).toEqual([
      ['unexpected', 'function', 'public.f()'],
    ]);
  });

  test('a file that takes more than its own is named, with what is gone', async () => {
    const { finding } = await rehearsedFiles({
      ...TABLE,
      '002_b.up.sql': 'create table b (a int references a); create index on a (id);',
      '002_b.down.sql': 'drop table b; drop index a_id_idx; alter table a drop constraint a_pkey;',
    });
    expect(finding).toMatchObject({ file: '002_b.down.sql', problem: 'not undone' });
    expect(finding?.differences).toMatchObject([
      { change: 'missing', kind: 'constraint', identity: 'a_pkey on public.a', expected: 'PRIMARY KEY (id)' },
    ]);
  });

  test('a bad down file planted among those of this project is named', async () => {
    const dir = await projectWith({
      '900_extra.up.sql': "alter table users add column nickname text; comment on table users is 'changed';",
      '900_extra.down.sql': 'alter table users drop column nickname;',
    });
    const { finding } = await rehearsed(dir);
    expect(finding).toMatchObject({ file: '900_extra.down.sql', problem: 'not undone' });
    expect(finding?.differences.map(({ kind, identity }) => `${kind} ${identity}`)).toEqual([
      'comment table public.users',
    ]);
  });

  test('partitions that a file makes and does not take away are found', async () => {
    const { finding } = await rehearsedFiles({
      '001_p.up.sql': 'create table p (id int) partition by range (id);',
      '001_p.down.sql': 'drop table p;',
      '002_q.up.sql': 'create table p_1 partition of p for values from (1) to (2);',
      '002_q.down.sql': 'select 1;',
    });
    expect(finding).toMatchObject({ file: '002_q.down.sql', problem: 'not undone' });
    expect(finding?.differences).toMatchObject([{ change: 'unexpected', kind: 'partition', identity: 'public.p_1' }]);
  });

  test('a down file that fails is named with place and message', async () => {
    const { finding } = await rehearsedFiles({ ...TABLE, '001_a.down.sql': 'drop table a;\ndrop table missing;' });
    expect(finding).toMatchObject({ file: '001_a.down.sql', pass: 'down', problem: 'failed' });
    expect(finding?.message).toContain('001_a.down.sql:2:1: table "missing" does not exist');
  });

  test('a file that only works the first time is named', async () => {
    const { finding } = await rehearsedFiles({
      ...TABLE,
      '001_a.up.sql':
        "create table a (id int primary key); do $$ begin perform 'once'::regtype; exception when undefined_object then create type once as enum ('x'); alter table a add column first once; end $$;",
      '001_a.down.sql': 'drop table a;',
    });
    expect(finding).toMatchObject({ file: '001_a.down.sql', pass: 'down', problem: 'not undone' });
  });

  test('a file without a way back ends the rehearsal there', async () => {
    const { finding } = await rehearsedFiles({ ...TABLE, '002_b.up.sql': 'create table b (id int);' });
    expect(finding).toMatchObject({ file: '002_b.up.sql', version: '002', problem: 'no way back' });
  });

  test('extensions that stay are no fault: others may use them', async () => {
    const result = await rehearsedFiles({
      '001_e.up.sql': 'create extension if not exists pg_trgm;',
      '001_e.down.sql': 'select 1;',
    });
    expect(result.finding).toBeUndefined();
  });

  test('the configured database is not touched', async () => {
    await rehearsedFiles(TABLE);
    const [row] = await database.current
      .sql`select count(*) as tables from pg_class where relnamespace = 'public'::regnamespace`;
    expect(row).toEqual({ tables: '0' });
  });

  test('an interrupt ends it and no database is left', async () => {
    const dir = await migrationFolder({
      ...TABLE,
      '002_slow.up.sql': 'select pg_sleep(600);',
      '002_slow.down.sql': 'select 1;',
    });
    const ctx = testContext(database.current.url, dir);
    const used: string[] = [];
    const open: typeof ctx.db.open = async (request) => {
      if (request.database !== undefined) used.push(request.database);
      return ctx.db.open(request);
    };
    const work = interruptedAt(rehearse({ ...ctx, db: { ...ctx.db, open } }), 1, () =>
      ctx.abort(new OrdersyncError('interrupted', 'interrupted', { signal: 'SIGINT' })),
    );
    await expect(driven(work)).rejects.toMatchObject({ code: 'interrupted' });
    expect(new Set(used).size).toBe(1);
    expect(await asSuperuser((sql) => sql`select from pg_database where datname = ${used[0] ?? ''}`)).toHaveLength(0);
  });
});

/** Passes the work on and interrupts it shortly after it says that so many files are done. */
async function* interruptedAt<Result>(work: Work<Result>, done: number, interrupt: () => void): Work<Result> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
    if (step.value.kind === 'progress' && step.value.done === done) setTimeout(interrupt, 100);
    yield step.value;
  }
}
