import { describe, expect, test } from 'vitest';
import { OrdersyncError } from '../../../src/errors.ts';
import { testContext, type TestContext } from '../../support/context.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { emptyDatabase, type Files, folderOf, refusalOf, relationExists, up, upIn, versionsIn } from './runner.ts';

const SLOW: Files = {
  '001_a.up.sql': 'create table a (id int);',
  '002_b.up.sql': 'create table b (id int);\nselect pg_sleep(120);',
};
const OUTSIDE: Files = {
  '001_a.up.sql':
    '-- ordersync: no-transaction\ncreate table a (id int);\nselect pg_sleep(120);\ncreate table b (id int);',
};

describe('Ctrl-C', () => {
  test('cancels the statement in the server, rolls its file back and says what stays', async () => {
    const database = await emptyDatabase();
    const { ctx, run } = await started(database, SLOW);
    ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGTERM', { signal: 'SIGTERM' }));
    const error = await refusalOf(run);
    expect(error).toMatchObject({
      code: 'interrupted',
      message: 'interrupted: 002_b.up.sql was rolled back',
      details: { signal: 'SIGTERM' },
    });
    expect(error.details.body).toEqual(['committed before: 001']);
    expect(await sleeping(database)).toBe(false);
    expect(await versionsIn(database)).toEqual(['001']);
    expect(await relationExists(database, 'b')).toBe(false);
  });

  test('in a file outside a transaction keeps the statements that took effect, and the next run goes on', async () => {
    const database = await emptyDatabase();
    const { ctx, run } = await started(database, OUTSIDE);
    ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT', { signal: 'SIGINT' }));
    const error = await refusalOf(run);
    expect(error.message).toBe('interrupted: stopped in 001_a.up.sql after 1 statement, which stay');
    await up(database, { '001_a.up.sql': (OUTSIDE['001_a.up.sql'] ?? '').replace('120', '0') });
    expect(await relationExists(database, 'b')).toBe(true);
  });
});

describe('a backend that is killed', () => {
  test('in the middle of a file: the run says that it was rolled back, having asked the ledger', async () => {
    const database = await emptyDatabase();
    const { run } = await started(database, SLOW);
    await terminate(database);
    const error = await refusalOf(run);
    expect(error).toMatchObject({ code: 'partial', message: 'the connection was lost; 002_b.up.sql was rolled back' });
    expect(error.details.body).toEqual(['committed: 001']);
    expect(await relationExists(database, 'b')).toBe(false);
  });

  test('in the first file: nothing is committed, and the failure is one of the connection', async () => {
    const database = await emptyDatabase();
    const { run } = await started(database, { '001_a.up.sql': 'create table a (id int); select pg_sleep(120);' });
    await terminate(database);
    expect((await refusalOf(run)).code).toBe('connection');
  });

  test('during COMMIT: whether the file is there is read from the ledger, not guessed', async () => {
    const database = await emptyDatabase();
    // The deferred trigger makes COMMIT itself slow.
    const { run } = await started(database, {
      '001_a.up.sql': `create table a (id int);
        create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(120); return null; end';
        create constraint trigger wait after insert on a deferrable initially deferred for each row execute function wait();
        insert into a values (1);`,
    });
    await terminate(database);
    const error = await refusalOf(run);
    expect(error.message).toBe('the connection was lost; 001_a.up.sql was rolled back');
    expect(await relationExists(database, 'a')).toBe(false);
  });

  test('outside a transaction: the journal knows where to go on', async () => {
    const database = await emptyDatabase();
    const { run } = await started(database, OUTSIDE);
    await terminate(database);
    expect((await refusalOf(run)).message).toContain('the connection was lost');
    const { told } = await up(database, { '001_a.up.sql': (OUTSIDE['001_a.up.sql'] ?? '').replace('120', '0') });
    expect(told.join()).toContain('1 of its statements took effect earlier');
    expect(await versionsIn(database)).toEqual(['001']);
  });
});

/** A run that has reached its pg_sleep(120). */
async function started(database: TestDatabase, files: Files): Promise<{ ctx: TestContext; run: Promise<unknown> }> {
  const ctx = testContext(database.url, await folderOf(files));
  const run = upIn(ctx);
  run.catch(() => undefined); // asserted by the test, which is busy until then
  await waitFor(() => sleeping(database), 'the run sleeps');
  return { ctx, run };
}

async function sleeping(database: TestDatabase): Promise<boolean> {
  const rows = await database.sql`
    select 1 from pg_stat_activity
    where datname = ${database.name} and application_name = 'ordersync test' and wait_event = 'PgSleep'`;
  return rows.length > 0;
}

async function terminate(database: TestDatabase): Promise<void> {
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = ${database.name} and application_name = 'ordersync test'`;
}
