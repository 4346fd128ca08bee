import postgres from 'postgres';
import { afterEach, describe, expect, it } from 'vitest';
import { useDatabase, useServer } from '../../support/postgres.ts';
import { createRole } from '../../support/roles.ts';
import { waitFor } from '../../support/wait.ts';
import { answer, inSection, monitor } from './fixture.ts';
import type { Row } from './fixture.ts';

/** Sessions of this file: other files work on the same server, and wait for locks too. */
function ours(data: readonly Row[], pids: readonly number[]): readonly Row[] {
  return data.filter(({ pid }) => pids.includes(Number(pid)));
}

describe('sessions', () => {
  const database = useDatabase();
  const url = () => database.current.url;
  const clients: postgres.Sql[] = [];
  const begun: Promise<unknown>[] = [];

  afterEach(async () => {
    const forgotten = await database.current.sql`select gid from pg_prepared_xacts where database = current_database()`;
    for (const { gid } of forgotten) await database.current.sql.unsafe(`rollback prepared '${gid}'`);
    for (const client of clients.splice(0)) await client.end({ timeout: 0 });
    await Promise.allSettled(begun.splice(0));
    await waitFor(async () => {
      const left = await database.current.sql`
        select from pg_stat_activity
        where datname = current_database() and application_name <> 'ordersync tests' and backend_type = 'client backend'`;
      return left.length === 0;
    }, 'every session of the test to end');
  });

  /** A session of its own. What it is told to do may wait for ever, or be ended. */
  async function connect(
    name: string,
  ): Promise<{ pid: number; sql: postgres.Sql; start: (text: string) => Promise<unknown> }> {
    const sql = postgres(url(), { max: 1, onnotice: () => undefined, connection: { application_name: name } });
    clients.push(sql);
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const start = (text: string): Promise<unknown> => {
      const running = sql.unsafe(text).simple();
      const settled = Promise.allSettled([running]);
      begun.push(settled);
      return settled;
    };
    return { pid: row!.pid, sql, start };
  }

  async function waiting(count: number): Promise<void> {
    await waitFor(async () => {
      const [row] = await database.current.sql<{ waiting: number }[]>`
        select count(distinct l.pid)::integer as waiting
        from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
        where not l.granted and a.datname = current_database()`;
      return row?.waiting === count;
    }, `${count} waiting sessions`);
  }

  it('shows each waiting session once, below the one that blocks it, though it waits for several', async () => {
    await database.current.sql`create table if not exists dishes (id integer primary key)`;
    const holder = await connect('holder');
    await holder.start('begin; lock table dishes in access exclusive mode');
    const queue = [];
    for (const name of ['first', 'second', 'third']) {
      const session = await connect(name);
      void session.start('begin; lock table dishes in access exclusive mode');
      queue.push(session);
      await waiting(queue.length);
    }
    const answered = await answer(url(), 'blocking --warn-after 0 --crit-after 1h');
    const data = ours(
      answered.data,
      [holder, ...queue].map(({ pid }) => pid),
    );
    expect(data.map(({ session }) => session)).toEqual([
      String(holder.pid),
      ...queue.map(({ pid }, depth) => `${'  '.repeat(depth + 1)}${pid}`),
    ]);
    expect(data.map(({ waiting_below }) => waiting_below)).toEqual([3, 2, 1, 0]);
    expect(data[3]?.['blocked_by']).toHaveLength(3);
    expect(data[1]).toMatchObject({
      lock: 'AccessExclusiveLock on public.dishes',
      application: 'first',
      verdict: 'ok',
    });
    expect(data[0]).toMatchObject({
      state: 'idle in transaction',
      verdict: 'warning',
      reason: 'its transaction is idle and blocks others',
      fix: `ordersync monitor terminate ${holder.pid}`,
    });
    expect((await monitor(url(), 'blocking --warn-after 0 --check')).code).toBe(5);
  });

  it('answers at once for forty sessions in one queue, whose paths nobody could count', async () => {
    await database.current.sql`create table if not exists dishes (id integer primary key)`;
    const holder = await connect('holder');
    await holder.start('begin; lock table dishes in access exclusive mode');
    const queue = await Promise.all(Array.from({ length: 40 }, () => connect('queue')));
    for (const session of queue) void session.start('begin; lock table dishes in access exclusive mode');
    await waiting(40);
    const { data } = await answer(url(), 'blocking');
    const pids = [holder, ...queue].map(({ pid }) => pid);
    const found = ours(data, pids).map(({ pid }) => Number(pid));
    expect(found.toSorted((one, other) => one - other)).toEqual(pids.toSorted((one, other) => one - other));
  });

  it('names a row that is waited for, and a prepared transaction that blocks', async () => {
    const { sql } = database.current;
    await sql`create table if not exists menus (id integer primary key, price integer)`;
    await sql`insert into menus values (1, 1) on conflict do nothing`;
    const preparer = await connect('preparer');
    await preparer.sql.unsafe(`begin; update menus set price = 2; prepare transaction 'forgotten'`).simple();
    const waiter = await connect('waiter');
    void waiter.start('update menus set price = 3 where id = 1');
    await waiting(1);
    const { data } = await answer(url(), 'blocking --warn-after 0 --crit-after 1h');
    const place = data.findIndex(({ pid }) => pid === waiter.pid);
    const [blocker, blocked] = data.slice(place - 1, place + 1);
    expect([blocker?.['session'], blocked?.['session']]).toEqual(['prepared transaction', `  ${waiter.pid}`]);
    expect(blocked?.['lock']).toMatch(/^ShareLock on a row that transaction \d+ changed$/);
    expect(blocker).toMatchObject({ verdict: 'warning', fix: expect.stringContaining('rollback prepared') });
    const prepared = inSection(await answer(url(), 'activity --prepared-after 0'), 'prepared');
    expect(prepared.find(({ transaction }) => transaction === 'forgotten')).toMatchObject({ verdict: 'warning' });
  });

  it('counts connections without its own, by what is asked, against what a plain role may use', async () => {
    const { name: shop } = database.current;
    await connect(shop);
    await connect(shop);
    const idle = await connect('idle one');
    await idle.start('begin; select 1');
    const all = await answer(url(), 'connections --by application --idle-in-transaction 0');
    const group = (name: string) => all.data.find((row) => row['name'] === name);
    expect(group(shop)).toMatchObject({ scope: 'group', connections: 2 });
    expect(all.data.every((row) => Number(row['longest_in_state_ms'] ?? 0) >= 0)).toBe(true);
    const [limits] = await database.current.sql<{ allowed: number }[]>`
      select current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
        - coalesce(current_setting('reserved_connections', true)::integer, 0) as allowed`;
    expect(all.data[0]).toMatchObject({
      scope: 'limit',
      allowed: limits?.allowed,
      verdict: 'warning',
      reason: expect.stringContaining('idle'),
    });
    expect((await answer(url(), 'connections --warn-at 0% --crit-at 0% --check')).code).toBe(5);
  });

  it('shows long and idle transactions with their masked statement', async () => {
    const idle = await connect('idle one');
    await idle.start(`begin; select 'secret 4711'`);
    const found = async () =>
      inSection(await answer(url(), 'activity --idle-in-transaction 0'), 'activity').find(
        ({ pid }) => pid === idle.pid,
      );
    expect(await found()).toMatchObject({
      state: 'idle in transaction',
      query: 'begin; select ?',
      verdict: 'warning',
      transaction_ms: expect.any(Number),
    });
    expect(
      inSection(await answer(url(), 'activity --endless-transaction 0'), 'activity').find(
        ({ pid }) => pid === idle.pid,
      ),
    ).toMatchObject({
      verdict: 'critical',
      fix: 'ordersync monitor terminate <pid>',
    });
  });

  it('cancels the statement that was shown, asks before, and sees it end; the session stays', async () => {
    const sleeper = await connect('sleeper');
    void sleeper.start(`select pg_sleep(600), 'secret 4711'`);
    const active = (rows: readonly Row[]) => rows.find((row) => row['pid'] === sleeper.pid);
    await waitFor(
      async () => active(inSection(await answer(url(), 'activity'), 'activity'))?.['state'] === 'active',
      'the statement to run',
    );
    const asked = await monitor(url(), `cancel ${sleeper.pid}`);
    expect(asked).toMatchObject({ code: 4, stderr: expect.stringContaining('cancel the statement of process') });
    expect(`${asked.stdout}${asked.stderr}`).not.toContain('4711');
    expect((await monitor(url(), `cancel ${sleeper.pid} --confirm elsewhere`)).code).toBe(4);
    const dry = await monitor(url(), `cancel ${sleeper.pid} --dry-run`);
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('select pg_sleep(?), ?'),
      stderr: expect.stringContaining('nothing was sent'),
    });
    const done = await answer(url(), `cancel ${sleeper.pid} --confirm ${database.current.name}`);
    expect(done).toMatchObject({ code: 0, data: [{ pid: sleeper.pid, ended: true }] });
    expect(await sleeper.sql`select 1 as still`).toEqual([{ still: 1 }]);
    const idle = await monitor(url(), `cancel ${sleeper.pid} --yes`);
    expect(idle).toMatchObject({ code: 4, stderr: expect.stringContaining('runs no statement to cancel') });
  });

  it('terminates a session, and refuses what is not there, not allowed, its own kind or not a client', async () => {
    const idle = await connect('idle one');
    await idle.start('begin; select 1');
    const role = await createRole();
    const denied = await monitor(database.current.urlFor(role), `terminate ${idle.pid} --yes`);
    expect(denied).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('may not end sessions of role "postgres"'),
    });
    await role.drop();
    expect(await answer(url(), `terminate ${idle.pid} --yes`)).toMatchObject({ code: 0, data: [{ ended: true }] });
    expect(await monitor(url(), `terminate ${idle.pid} --yes`)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no session has the process id'),
    });
    const [writer] = await database.current.sql<{ pid: number }[]>`
      select pid from pg_stat_activity where backend_type = 'checkpointer'`;
    expect(await monitor(url(), `terminate ${writer?.pid} --yes`)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('checkpointer'),
    });
    expect((await monitor(url(), 'terminate 0 --yes')).code).toBe(2);
  });
});

describe('on a server that no other test works on', () => {
  const server = useServer();

  it('a look counts no session of this program', async () => {
    const { code, data } = await answer(server.current.url, 'connections --by application');
    expect(code).toBe(0);
    expect(data.length).toBeGreaterThan(0);
    expect(data.some(({ name }) => String(name).startsWith('ordersync monitor'))).toBe(false);
  });
});
