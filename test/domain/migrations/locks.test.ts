import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testContext } from '../../support/context.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { useServer } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { emptyDatabase, folderOf, refusalOf, relationExists, up, upIn, versionsIn } from './runner.ts';

const A = { '001_a.up.sql': 'create table a (id int primary key); insert into a select generate_series(1, 1000);' };
const ALTER = { ...A, '002_b.up.sql': 'alter table a add column b int;' };

describe('a table that somebody holds', () => {
  test('no reader waits behind the migration longer than lock_timeout + 200 ms at an attempt', async () => {
    const database = await emptyDatabase();
    await up(database, A);
    const release = await hold(database, 'select * from a limit 1');
    const longest = readWhile(database);
    const lockTimeoutMs = 300;
    const error = await refusalOf(up(database, ALTER, { lockTimeoutMs, retries: 3 }));
    expect(error).toMatchObject({ code: 'precondition', details: { sqlstate: '55P03' } });
    const stalls = await longest.stop();
    expect(stalls.reads).toBeGreaterThan(20);
    expect(stalls.longestMs).toBeLessThan(lockTimeoutMs + 200);
    await release();
  });

  test('is altered as soon as it is free, and the warning names who held it, without his query', async () => {
    const database = await emptyDatabase();
    await up(database, A);
    const release = await hold(database, "select *, 'secret' from a limit 1");
    const ctx = testContext(database.url, await folderOf(ALTER));
    const { told, result } = await upIn(ctx, { lockTimeoutMs: 300 }, (message) =>
      message.includes('retry 1') ? release() : undefined,
    );
    expect(result.files[0]?.attempts).toBeGreaterThan(1);
    expect(told.join('\n')).toMatch(
      /002_b\.up\.sql: lock not granted, blocked by pid \d+ \(holder, user postgres, idle in transaction for \d+ s, last command SELECT\); rolled back, retry 1 of 10 in 0\.\d s/,
    );
    expect(told.join('\n')).not.toContain('secret');
  });

  test('a deadlock is tried again', async () => {
    const database = await emptyDatabase();
    await up(database, { '001_a.up.sql': 'create table a (id int); create table b (id int);' });
    const other = postgres(database.url, { max: 1, connection: { deadlock_timeout: 60_000 } });
    onTestFinished(async () => other.end());
    const held = await other.reserve();
    await held`begin`;
    await held`lock table b`;
    const ctx = testContext(
      database.url,
      await folderOf({
        '001_a.up.sql': 'create table a (id int); create table b (id int);',
        '002_b.up.sql': "set local deadlock_timeout = '100ms'; lock table a; lock table b;",
      }),
    );
    const work = upIn(ctx, { lockTimeoutMs: 60_000 });
    await waitFor(
      async () =>
        (await database.sql`select 1 from pg_locks where relation = 'b'::regclass and not granted`).length > 0,
      'the migration waits for b',
    );
    await held`lock table a`;
    await held`commit`;
    held.release();
    const { told, result } = await work;
    expect(told.join()).toContain('deadlock');
    expect(result.files[0]?.attempts).toBe(2);
  });
});

describe('a table that somebody holds, on a server that nobody else keeps busy', () => {
  const server = useServer();

  test('the final error names the blocker too, and says that nothing is left', async () => {
    const database = { url: server.current.url };
    await up(database, A);
    const release = await hold(database, 'select * from a limit 1');
    // The look at who is in the way has these 200 ms only; a machine that is too busy for it gets another chance.
    await waitFor(async () => {
      const error = await refusalOf(up(database, ALTER, { lockTimeoutMs: 200, retries: 0 }));
      expect(error).toMatchObject({ code: 'precondition', details: { sqlstate: '55P03' } });
      const told = error.details.body?.join('\n') ?? '';
      expect(told).toContain('nothing of 002_b.up.sql is left behind');
      return /blocked by pid \d+ \(holder, .*\)\nnothing of/.test(told);
    }, 'an error that names the blocker');
    await release();
  });
});

describe('several runs at once', () => {
  test.each([2, 3])('%i runs apply every file once, and all succeed', async (count) => {
    const database = await emptyDatabase();
    const files = {
      ...A,
      '002_b.up.sql': '-- ordersync: no-transaction\ncreate index concurrently a_i on a (id);',
      '003_c.up.sql': 'insert into a values (-1);',
    };
    const folder = await folderOf(files);
    const runs = await Promise.all(Array.from({ length: count }, () => up(database, folder)));
    expect(runs.flatMap(({ result }) => result.files.map(({ version }) => version)).sort()).toEqual([
      '001',
      '002',
      '003',
    ]);
    expect(await database.sql`select count(*)::int as n from a where id = -1`).toEqual([{ n: 1 }]);
    expect(await database.sql`select 1 from pg_index where not indisvalid`).toEqual([]);
  });

  test('one that may not wait is told who is at work', async () => {
    const database = await emptyDatabase();
    const ctx = testContext(
      database.url,
      await folderOf({ '001_a.up.sql': 'create table slow (id int); select pg_sleep(60);' }),
    );
    const slow = upIn(ctx);
    await waitFor(
      async () =>
        (
          await database.sql`select 1 from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`
        ).length > 0,
      'the slow run is at work',
    );
    const error = await refusalOf(up(database, A, { waitMs: 0 }));
    expect(error.code).toBe('lock_held');
    expect(error.message).toMatch(/held by pid \d+ \(ordersync test, postgres@/);
    ctx.abort();
    expect((await refusalOf(slow)).code).toBe('interrupted');
    expect(await relationExists(database, 'slow')).toBe(false);
    await up(database, A, { waitMs: 0 });
    expect(await versionsIn(database)).toEqual(['001']);
  });
});

/** Another session in an open transaction that has run `query`. @returns a function that ends it */
async function hold(database: { readonly url: string }, query: string): Promise<() => Promise<void>> {
  const holder = postgres(database.url, { max: 1, connection: { application_name: 'holder' } });
  onTestFinished(async () => holder.end());
  const session = await holder.reserve();
  await session`begin`;
  await session.unsafe(query);
  return async () => {
    await session`rollback`;
    session.release();
  };
}

/** Reads the table again and again over a connection of its own, as an application would. */
function readWhile(database: TestDatabase): { stop: () => Promise<{ longestMs: number; reads: number }> } {
  const reader = postgres(database.url, { max: 1 });
  const stopped = new AbortController();
  const reading = (async () => {
    const seen = { longestMs: 0, reads: 0 };
    await reader`select 1`;
    while (!stopped.signal.aborted) {
      const start = performance.now();
      await reader`select count(*) from a`;
      seen.longestMs = Math.max(seen.longestMs, performance.now() - start);
      seen.reads += 1;
    }
    return seen;
  })();
  return {
    stop: async () => {
      stopped.abort();
      const seen = await reading;
      await reader.end();
      return seen;
    },
  };
}
