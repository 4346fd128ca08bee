import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../support/io.ts';
import { useDatabase } from '../../support/postgres.ts';
import type { TestRole } from '../../support/roles.ts';
import { createRole } from '../../support/roles.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { waitFor } from '../../support/wait.ts';
import type { Row } from './fixture.ts';
import { answer, inSection, monitor } from './fixture.ts';

describe('a role without pg_read_all_stats', () => {
  const database = useDatabase();
  let blind: TestRole;
  let other: TestRole;
  const url = () => database.current.urlFor(blind);
  const clients: postgres.Sql[] = [];
  beforeAll(async () => {
    blind = await createRole();
    other = await createRole();
    const { sql } = database.current;
    await sql`create table dishes as select n as id, repeat('x', 200) as name from generate_series(1, 20000) as n`;
    await sql`alter table dishes owner to ${sql(other.user)}`;
    await sql`grant create on schema public to ${sql(other.user)}`;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end({ timeout: 0 });
  });
  afterAll(async () => {
    await database.current.drop();
    for (const role of [blind, other]) await role.drop();
  });

  async function connect(role: TestRole): Promise<{ readonly pid: number; readonly sql: postgres.Sql }> {
    const sql = postgres(database.current.urlFor(role), { max: 1, onnotice: () => undefined });
    clients.push(sql);
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return { pid: row!.pid, sql };
  }
  const hidden = () => ({ verdict: 'unknown', fix: `grant pg_read_all_stats to "${blind.user}"` });

  it.each(['activity', 'activity --all'])('%s lists hidden sessions, as unknown, and judges its own', async (words) => {
    const strange = await connect(other);
    const own = await connect(blind);
    start(strange.sql, 'begin; select 1');
    start(own.sql, 'begin; select 1');
    await waitFor(async () => {
      const rows = inSection(await answer(url(), `${words} --limit 1000`), 'activity');
      return of(rows, own.pid)?.['state'] === 'idle in transaction' && of(rows, strange.pid) !== undefined;
    }, 'both sessions');
    const rows = inSection(await answer(url(), `${words} --limit 1000`), 'activity');
    expect(of(rows, strange.pid)).toMatchObject({
      ...hidden(),
      user: other.user,
      state: null,
      client: null,
      query: '<insufficient privilege>',
      reason: expect.stringContaining('are hidden'),
    });
    expect(of(rows, own.pid)).toMatchObject({ verdict: 'ok', reason: null });
  });

  it('connections counts them, and says that it does not know whether one rests in a transaction', async () => {
    await connect(other);
    const { data } = await answer(url(), 'connections --by role');
    const find = (name: string) => data.find((row) => row['name'] === name);
    expect(find('all sessions')).toMatchObject(hidden());
    expect(find(other.user)).toMatchObject({ connections: 1, ...hidden() });
    const full = await answer(url(), 'connections --warn-at 0.1% --crit-at 100%');
    expect(full.data[0]).toMatchObject({ name: 'all sessions', verdict: 'warning' });
    const checked = await run(['check', '--only', 'ops.connections', '--format', 'json'], {
      env: { ORDERSYNC_DATABASE_URL: url() },
    });
    const [check] = (JSON.parse(checked.stdout) as { data: { evidence: string[] }[] }).data;
    expect(Number(/^(\d+) of/.exec(check?.evidence[0] ?? '')?.[1])).toBeGreaterThan(1);
  });

  it('blocking says who blocks, and that the state which decides on the fix is hidden', async () => {
    const [holder, waiter] = [await connect(other), await connect(other)];
    await holder.sql.unsafe('begin; lock table dishes').simple();
    start(waiter.sql, 'begin; lock table dishes');
    await waitFor(
      async () => of((await answer(url(), 'blocking')).data, waiter.pid) !== undefined,
      'the session to wait',
    );
    const { data } = await answer(url(), 'blocking --warn-after 0');
    expect(of(data, holder.pid)).toMatchObject({
      verdict: 'warning',
      reason: 'it blocks others, and whether it runs a statement is hidden',
      fix: `grant pg_read_all_stats to ${blind.user}, which shows whether to cancel or to terminate ${holder.pid}`,
    });
  });

  it('a vacuum of another role is unknown, and its hidden table no error on the server', async () => {
    const worker = await connect(other);
    const mark = await markServerLog();
    start(worker.sql, 'set vacuum_cost_delay = 100');
    start(worker.sql, 'set vacuum_cost_limit = 1');
    start(worker.sql, 'vacuum (freeze) dishes');
    const look = async () => of(inSection(await answer(url(), 'vacuum'), 'running'), worker.pid);
    await waitFor(async () => (await look()) !== undefined, 'the vacuum');
    expect(await look()).toMatchObject({ ...hidden(), table: null, free_workers: null });
    await assertNoServerErrors(mark, database.current.name);
    // It would not notice that its client is gone, and keep its lock.
    await database.current.sql`select pg_terminate_backend(${worker.pid}, 60000)`;
  });

  it('an index that another role may be building is not called left behind', async () => {
    const [reader, builder] = [await connect(other), await connect(other)];
    await reader.sql.unsafe('begin isolation level repeatable read; select count(*) from dishes').simple();
    start(builder.sql, 'create index concurrently dishes_name on dishes (name)');
    await waitFor(async () => (await invalidIndex(url())) !== undefined, 'the index to be built');
    expect(await invalidIndex(url())).toMatchObject(hidden());
    expect(await invalidIndex(database.current.url)).toMatchObject({
      verdict: 'ok',
      reason: `being built by process ${builder.pid}`,
    });
    const checked = await run(['check', '--only', 'perf.invalid-indexes', '--format', 'json'], {
      env: { ORDERSYNC_DATABASE_URL: url() },
    });
    expect(checked.stdout).toContain('dishes_name is invalid: whether another role builds it now is hidden');
    expect((JSON.parse(checked.stdout) as { data: Row[] }).data[0]).toMatchObject({ severity: 'unknown' });
  });

  it('is told no figure of transactions that it cannot see, and not that nothing runs', async () => {
    await connect(other);
    const { stdout } = await monitor(url(), 'export --collect metrics/sessions');
    expect(stdout).toMatch(/^ordersync_sessions_waiting_for_locks \d+$/m);
    expect(stdout).not.toMatch(/^ordersync_sessions_(?:oldest_transaction|longest_idle_in_transaction)_seconds /m);
    const seen = await monitor(database.current.url, 'export --collect metrics/sessions');
    expect(seen.stdout).toMatch(/^ordersync_sessions_oldest_transaction_seconds /m);
    const { stdout: slow, stderr } = await monitor(url(), 'slow-queries');
    expect(slow + stderr).toContain('statements of other roles are not shown');
    expect(slow + stderr).not.toContain('nothing runs now');
  });

  it('sends no signal to a session that it cannot show first', async () => {
    const { sql } = database.current;
    const { pid } = await connect(other);
    await sql`grant pg_signal_backend to ${sql(blind.user)}`;
    expect(await monitor(url(), `terminate ${pid} --yes`)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/is hidden from role.*\nhint: grant pg_read_all_stats to "/),
    });
    await sql`revoke pg_signal_backend from ${sql(blind.user)}`;
  });
});

function start(sql: postgres.Sql, text: string): void {
  void sql
    .unsafe(text)
    .simple()
    .then(undefined, () => 'ended');
}

function of(rows: readonly Row[], pid: number): Row | undefined {
  return rows.find((row) => row['pid'] === pid);
}

async function invalidIndex(url: string): Promise<Row | undefined> {
  return inSection(await answer(url, 'indexes'), 'invalid')[0];
}
