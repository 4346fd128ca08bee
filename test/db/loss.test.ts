import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { simpleText } from '../../src/db/text.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { testServer, useDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

const ENDED = {
  code: 'connection',
  message: 'the server closed the connection: terminating connection due to administrator command',
  details: { sqlstate: '57P01' },
};

/** While a client writes, the server's last words may be lost to the reset that answers what it did not read any more. */
const ENDED_WHILE_WRITING = { code: 'connection', message: expect.stringMatching(/^the server closed the connection/) };

async function terminate({ server }: Session): Promise<void> {
  await database.current.sql`select pg_terminate_backend(${server.pid})`;
}

async function lostSession(): Promise<Session> {
  const session = await sessions.open(database.current.url);
  await terminate(session);
  await waitFor(() => session.lost, 'the session to notice its end');
  return session;
}

async function countRows(): Promise<number> {
  const [row] = await database.current.sql<{ count: number }[]>`select count(*)::int4 as count from entries`;
  return row?.count ?? -1;
}

beforeEach(async () => {
  await database.current.sql`drop table if exists entries`;
  await database.current
    .sql`create table entries (id integer primary key, made_by integer not null default pg_backend_pid())`;
});

describe('a session whose backend is killed', () => {
  it('rejects everything of a pipeline, and runs nothing of it anywhere else', async () => {
    const session = await sessions.open(database.current.url);
    const { sql } = session;
    const asleep = simpleText(session, 'select pg_sleep(600)');
    // More than max_pipeline (100): the rest waits in the driver's queue, which it forgets when it loses the connection.
    const queued = [
      sql`begin`.execute(),
      ...Array.from({ length: 300 }, (_, id) => sql`insert into entries (id) values (${id})`.execute()),
      sql`commit`.execute(),
    ];
    const outcomes = Promise.allSettled([asleep, ...queued]);
    await terminate(session);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: ENDED });
    }
    expect(session.lost).toBe(true);
    await expect(sql`insert into entries (id) values (1000)`).rejects.toMatchObject(ENDED);
    await database.current.assertNothingLeft();
    expect(await countRows()).toBe(0);
  });

  it('keeps what was committed, and gives the pipeline behind it up', async () => {
    const session = await sessions.open(database.current.url);
    const { sql } = session;
    const rows = Array.from({ length: 2000 }, (_, id) => sql`insert into entries (id) values (${id})`.execute());
    const outcomes = Promise.allSettled(rows);
    await rows[20];
    await terminate(session);
    const settled = await outcomes;
    const confirmed = settled.filter(({ status }) => status === 'fulfilled').length;
    const refused = settled.filter(({ status }) => status === 'rejected');
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: ENDED_WHILE_WRITING });
    const [row] = await database.current
      .sql`select count(*)::int4 as count, count(distinct made_by)::int4 as backends from entries`;
    expect(row?.['backends']).toBe(1);
    expect(row?.['count']).toBeGreaterThanOrEqual(confirmed);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('notices while it is idle, and does not end the process', async () => {
    const session = await lostSession();
    await expect(session.sql`select 1`).rejects.toMatchObject(ENDED);
    await expect(simpleText(session, 'select 1')).rejects.toMatchObject(ENDED);
    await session.cancel();
    await session.close();
  });

  it('lets queries that nobody awaits go without ending the process', async () => {
    const unhandled: unknown[] = [];
    const record = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', record);
    try {
      const session = await sessions.open(database.current.url);
      void simpleText(session, 'select pg_sleep(600)');
      void session.sql`select 1`.execute();
      await terminate(session);
      await waitFor(() => session.lost, 'the session to notice its end');
      void session.sql`select 2`.execute();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', record);
    }
  });

  it('ends a transaction with the loss and not with the rollback that follows', async () => {
    const session = await sessions.open(database.current.url);
    const work = inTransaction(session, async () => {
      await session.sql`insert into entries (id) values (1)`;
      await terminate(session);
      await session.sql`insert into entries (id) values (2)`;
    });
    await expect(work).rejects.toMatchObject(ENDED);
    expect(await countRows()).toBe(0);
  });

  it('fails a cursor between two fetches instead of ending it early', async () => {
    const session = await sessions.open(database.current.url);
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const rows of session.sql`select number from generate_series(1, 1000) as number`.cursor(10)) {
        seen.push(...rows);
        if (seen.length > 10) continue;
        await terminate(session);
        await waitFor(() => session.lost, 'the session to notice its end');
      }
    };
    await expect(read()).rejects.toMatchObject(ENDED);
    expect(seen).toHaveLength(10);
  });

  it('fails COPY in both directions', async () => {
    const out = await sessions.open(database.current.url);
    const rows = await out.sql`copy (select repeat('x', 100000) from generate_series(1, 10000)) to stdout`.readable();
    let started = false;
    const slow = new Writable({
      write: (_chunk, _encoding, done) => {
        // Slower than the server until it is killed, so that COPY cannot come to its end.
        setTimeout(done, started ? 1 : 0);
        started = true;
      },
    });
    const reading = pipeline(rows, slow).catch((error: unknown) => error);
    await waitFor(() => started, 'the first row');
    await terminate(out);
    expect(await reading).toMatchObject({ code: 'connection' });

    const into = await sessions.open(database.current.url);
    const sink = await into.sql`copy entries (id) from stdin`.writable();
    const endless = Readable.from(
      (async function* lines() {
        for (let id = 0; ; id += 1) {
          yield `${id}\n`;
          if (id === 100) await terminate(into);
          await new Promise(setImmediate);
        }
      })(),
    );
    await expect(pipeline(endless, sink)).rejects.toMatchObject({ code: 'connection' });
    expect(await countRows()).toBe(0);
  });

  it('refuses to cancel through a query, which would open a second connection', async () => {
    const { sql } = await sessions.open(database.current.url);
    const query = sql`select 1`;
    expect(() => query.cancel()).toThrow('session.cancel()');
    await query;
  });

  it('never asks for a second connection', async () => {
    const before = await backendCount();
    const session = await lostSession();
    await Promise.allSettled(Array.from({ length: 50 }, () => session.sql`select 1`));
    expect(await backendCount()).toBe(before);
  });
});

async function backendCount(): Promise<number> {
  const [row] = await database.current.sql<{ count: number }[]>`
    select count(*)::int4 as count from pg_stat_activity where datname = ${database.current.name} and application_name = 'ordersync test'`;
  return row?.count ?? -1;
}

describe('a cursor', () => {
  it('reads to its end and can be left early', async () => {
    const { sql } = await sessions.open(database.current.url);
    let count = 0;
    for await (const rows of sql`select number from generate_series(1, 95) as number`.cursor(10)) count += rows.length;
    expect(count).toBe(95);
    for await (const rows of sql`select number from generate_series(1, 95) as number`.cursor(10)) {
      count += rows.length;
      break;
    }
    expect(count).toBe(105);
    const [row] = await sql<{ one: number }[]>`select 1 as one`;
    expect(row?.one).toBe(1);
    expect(testServer().version).toBeGreaterThanOrEqual(15);
  });
});
