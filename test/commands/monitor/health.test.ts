import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../support/postgres.ts';
import { createRole } from '../../support/roles.ts';
import { waitFor } from '../../support/wait.ts';
import { answer, inSection, monitor, verdictOf } from './fixture.ts';

describe('ordersync monitor cache', () => {
  const database = useDatabase();

  it('is unknown and no division by zero right after a reset, and right once there is traffic', async () => {
    const { sql, url } = database.current;
    const session = await sql.reserve();
    await session`
      create table dishes with (autovacuum_enabled = off)
        as select n as id, repeat('x', 100) as name from generate_series(1, 20000) as n`;
    // What a session has counted and not told yet would come after the reset.
    await session`select pg_stat_force_next_flush()`;
    await session`select pg_stat_reset()`;
    session.release();
    const young = await answer(url, 'cache');
    expect(verdictOf(young, 'cache')).toBe('unknown');
    expect(inSection(young, 'kinds').map(({ kind, hit_ratio }) => [kind, hit_ratio])).toEqual([
      ['table', null],
      ['index', null],
      ['toast', null],
    ]);
    await waitFor(async () => {
      for (let round = 0; round < 50; round += 1) await sql`select count(*) from dishes`;
      const [row] = await sql<{ hits: number }[]>`
        select blks_hit::integer as hits from pg_stat_database where datname = current_database()`;
      return (row?.hits ?? 0) > 12_000;
    }, 'enough reads');
    const found = await answer(url, 'cache');
    expect(inSection(found, 'cache')).toMatchObject([
      { verdict: 'ok', since: expect.any(String), hit_ratio: expect.toSatisfy((ratio) => ratio > 0.95) },
    ]);
    const strict = await answer(url, 'cache --target 100% --check');
    expect(strict.code).toBe(inSection(strict, 'cache')[0]?.['reads'] === 0 ? 0 : 5);
  });
});

describe('ordersync monitor sequences', () => {
  const database = useDatabase();

  it('goes by the type of the column: a bigint sequence of an integer column is full when the column is', async () => {
    const { sql, url } = database.current;
    await sql`create table narrow (id bigserial primary key)`;
    await sql`alter table narrow alter column id type integer`;
    await sql`select setval('narrow_id_seq', 2147483600)`;
    await sql`create table fresh (id bigint generated always as identity)`;
    const { data } = await answer(url, 'sequences');
    expect(data).toMatchObject([
      {
        sequence: 'public.narrow_id_seq',
        column: 'public.narrow.id',
        column_type: 'integer',
        most: 2147483647,
        verdict: 'critical',
      },
      { sequence: 'public.fresh_id_seq', column_type: 'bigint', most: '9223372036854775807', used: 0, verdict: 'ok' },
    ]);
    const role = await createRole();
    const plain = await answer(database.current.urlFor(role), 'sequences');
    expect(plain.data.map(({ verdict, used }) => [verdict, used])).toEqual([
      ['unknown', null],
      ['unknown', null],
    ]);
    for (const { fix } of plain.data) await sql.unsafe(String(fix));
    expect((await answer(database.current.urlFor(role), 'sequences')).data.map(({ verdict }) => verdict)).toEqual([
      'critical',
      'ok',
    ]);
    await sql`drop owned by ${sql(role.user)}`;
    await role.drop();
  });
});

describe('ordersync monitor vacuum and bloat', () => {
  const database = useDatabase();

  it('compares dead rows with what starts autovacuum, and is critical where autovacuum is off', async () => {
    const { sql, url } = database.current;
    await sql`create table busy (id integer, note text) with (autovacuum_enabled = off)`;
    await sql`insert into busy select n, repeat('x', 200) from generate_series(1, 5000) as n`;
    await sql`analyze busy`;
    await sql`delete from busy where id > 500`;
    const dead = async () =>
      inSection(await answer(url, 'vacuum'), 'vacuum').find(({ table }) => table === 'public.busy');
    await waitFor(async () => (await dead())?.['dead_rows'] === 4500, 'the statistics of the delete');
    expect(await dead()).toMatchObject({ threshold: 1050, autovacuum: false, verdict: 'critical' });
    await sql`vacuum busy`;
    await waitFor(async () => (await dead()) === undefined, 'the statistics of the vacuum');
  });

  it('estimates bloat, and is unknown where a role may not see the statistics', async () => {
    const { sql, url } = database.current;
    await sql`insert into busy select n, repeat('x', 200) from generate_series(1, 50000) as n`;
    await sql`delete from busy where id % 10 > 0`;
    await sql`vacuum analyze busy`;
    const { data } = await answer(url, 'bloat --min-size 1MB');
    const [kept] = await sql<{ rows: number; bytes: number }[]>`
      select count(*)::integer as rows, pg_relation_size('busy')::integer as bytes from busy`;
    expect(data).toMatchObject([{ table: 'public.busy', verdict: 'warning', size_bytes: kept?.bytes }]);
    // Ten in a hundred rows are left; what they need is known within a tenth.
    await sql`vacuum full busy`;
    const [packed] = await sql<{ bytes: number }[]>`select pg_relation_size('busy')::integer as bytes`;
    expect(Number(data[0]?.['needed_bytes']) / Number(packed?.bytes)).toBeCloseTo(1, 0);
    const role = await createRole();
    const plain = await answer(database.current.urlFor(role), 'bloat --min-size 8kB');
    expect(plain.data).toMatchObject([
      { table: 'public.busy', verdict: 'unknown', bloat_ratio: null, fix: expect.stringContaining('grant') },
    ]);
    await role.drop();
  });

  it('names who holds vacuum back', async () => {
    const { sql, url } = database.current;
    await sql.begin('isolation level repeatable read', async (transaction) => {
      const [row] = await transaction<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const held = inSection(await answer(url, 'vacuum'), 'horizon');
      expect(held).toContainEqual(expect.objectContaining({ holder: `process ${row?.pid}`, kind: 'session' }));
    });
  });
});

describe('--watch', () => {
  const database = useDatabase();

  it('gives one answer after the other into a pipe, without an escape, and ends after --count', async () => {
    const { code, stdout } = await monitor(database.current.url, 'cache --watch 10ms --count 3 --format ndjson');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('"section":"cache"')),
    ).toHaveLength(3);
    expect(
      (await monitor(database.current.url, 'cache --watch 10ms --count 2')).stdout.match(
        /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/gm,
      ),
    ).toHaveLength(2);
  });

  it('clears a terminal between two looks, and ends at the first interrupt', async () => {
    let interrupt: ((signal: 'SIGINT') => void) | undefined;
    const { code, stdout } = await monitor(database.current.url, 'sequences --watch 1h', {
      tty: true,
      columns: 120,
      onListen: (deliver) => {
        interrupt = deliver;
      },
      // Said at the end of a look.
      onStderr: (text) => {
        if (text.includes('there are no sequences')) interrupt?.('SIGINT');
      },
    });
    expect({ code, cleared: stdout.split('\u001b[H\u001b[J').length }).toEqual({ code: 130, cleared: 2 });
  });
});
