import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testContext } from '../../support/context.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { useServer } from '../../support/postgres.ts';
import { markServerLog, readServerLog } from '../../support/server-log.ts';
import { waitFor } from '../../support/wait.ts';
import { emptyDatabase, folderOf, refusalOf, relationExists, up, upIn, versionsIn } from './runner.ts';

const A = { '001_a.up.sql': 'create table a (id int primary key); insert into a select generate_series(1, 1000);' };
const ALTER = { ...A, '002_b.up.sql': 'alter table a add column b int;' };

describe('a table that somebody holds', () => {
  test('keeps readers waiting behind the migration for one lock_timeout, and lets them through before each new attempt', async () => {
    const database = await emptyDatabase();
    await up(database, A);
    const mark = await markServerLog();
    const release = await hold(database, 'select * from a limit 1');
    const reader = await readAgainAndAgain(database);
    const migration = `do $$ begin raise notice 'waits %', current_setting('lock_timeout'); end $$; ${ALTER['002_b.up.sql']}`;
    const ctx = testContext(database.url, await folderOf({ ...ALTER, '002_b.up.sql': migration }));
    const queue = watchQueue(database, reader.pid);
    let attempts = 0;
    let behind = 0;
    let held = true;
    // The run waits for this: the attempt is over, no other one begins, and the table is still held.
    const betweenAttempts = async (message: string): Promise<void> => {
      if (!message.includes('lock not granted')) return;
      attempts += 1;
      const reads = reader.reads();
      await waitFor(() => reader.reads() > reads + 1, 'two reads after the attempt');
      expect(await transactionsOf(database, 'ordersync test')).toEqual([]);
      expect(await transactionsOf(database, 'holder')).toEqual(held ? ['idle in transaction'] : []);
      if (queue.seen()) behind += 1;
      // How many attempts it takes until somebody has seen the reader wait is up to the machine.
      if (behind < 3 || !held) return;
      held = false;
      await release();
    };
    const { result } = await upIn(ctx, { lockTimeoutMs: 300, retries: 1000 }, betweenAttempts);
    await queue.stop();
    await reader.stop();
    expect(result.files[0]?.attempts).toBe(attempts + 1);
    expect(ctx.notices.filter((notice) => notice.includes('waits 300ms'))).toHaveLength(attempts + 1);
    const cancelled = (await readServerLog(mark, { database: database.name })).filter((entry) =>
      entry.includes('ERROR:  canceling'),
    );
    expect(cancelled.map((entry) => /\/([^/]*?) ERROR: {2}(.*)/.exec(entry)?.slice(1))).toEqual(
      Array.from({ length: attempts }, () => ['ordersync test', 'canceling statement due to lock timeout']),
    );
  });

  test('is left as it is when it stays held: refused with what the server said', async () => {
    const database = await emptyDatabase();
    await up(database, A);
    const release = await hold(database, 'select * from a limit 1');
    const error = await refusalOf(up(database, ALTER, { lockTimeoutMs: 300, retries: 3 }));
    expect(error).toMatchObject({ code: 'precondition', details: { sqlstate: '55P03' } });
    expect(await versionsIn(database)).toEqual(['001']);
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
          await database.sql`
            select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
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

/** Reads the table over a connection of its own, as an application would. */
async function readAgainAndAgain(database: TestDatabase) {
  const reader = postgres(database.url, { max: 1 });
  onTestFinished(async () => reader.end());
  const [own] = await reader<{ pid: number }[]>`select pg_backend_pid() as pid`;
  let reads = 0;
  return {
    pid: own!.pid,
    reads: () => reads,
    stop: again(async () => {
      await reader`select count(*) from a`;
      reads += 1;
    }),
  };
}

/** Looks whether the migration, which waits for the table itself, is what the reader waits for. */
function watchQueue({ sql }: TestDatabase, reader: number) {
  let seen = false;
  const stop = again(async () => {
    const rows = await sql`
      select from pg_stat_activity
       where application_name = 'ordersync test' and wait_event_type = 'Lock' and pid = any (pg_blocking_pids(${reader}))`;
    seen ||= rows.length > 0;
  });
  return {
    stop,
    /** Since it was last asked. */
    seen: () => {
      const was = seen;
      seen = false;
      return was;
    },
  };
}

/** Does it until it is stopped. */
function again(step: () => Promise<void>): () => Promise<void> {
  const stopped = new AbortController();
  const done = (async () => {
    while (!stopped.signal.aborted) await step();
  })();
  return async () => {
    stopped.abort();
    await done;
  };
}

/** States of the open transactions of an application. */
async function transactionsOf({ sql }: TestDatabase, application: string): Promise<(string | null)[]> {
  const rows = await sql<{ state: string | null }[]>`
    select state from pg_stat_activity
     where datname = current_database() and application_name = ${application} and xact_start is not null`;
  return rows.map(({ state }) => state);
}
