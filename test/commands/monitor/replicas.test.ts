import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { startServer, startStandby } from '../../support/postgres.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { waitFor } from '../../support/wait.ts';
import type { Answer, Row } from './fixture.ts';
import { inSection, verdictOf } from './fixture.ts';

useBuild();

const PASSWORD = 'hunter2-of-the-standby';

describe('monitor indexes --replica', () => {
  let primary: EmbeddedServer;
  let first: EmbeddedServer;
  let second: EmbeddedServer;
  /** Of a cluster made by initdb itself: servers of the cache are copies of one system. */
  let stranger: EmbeddedServer;

  beforeAll(async () => {
    primary = await startServer();
    first = await startStandby(primary);
    second = await startStandby(primary);
    stranger = await startServer({ cache: false });
    await onServer(primary, async (sql) => {
      await sql`create table dishes (id integer, kind integer, name text)`;
      await sql`insert into dishes select n, n, 'dish' from generate_series(1, 5000) as n`;
      await sql`create index dishes_id on dishes (id)`;
      await sql`create index dishes_kind on dishes (kind)`;
      await sql`create database elsewhere`;
      await waitFor(async () => {
        const caughtUp = await sql`
          select from pg_stat_replication where state = 'streaming' and replay_lsn = pg_current_wal_lsn()`;
        return caughtUp.length === 2;
      }, 'both standbys to stream');
    });
    await onServer(first, async (sql) => {
      await sql`set enable_seqscan = off`;
      for (const id of [1, 2, 3]) await sql`select name from dishes where id = ${id}`;
    });
    await onServer(first, (sql) =>
      waitFor(async () => {
        const [row] =
          await sql`select idx_scan::integer as scans from pg_stat_user_indexes where indexrelname = 'dishes_id'`;
        return row?.['scans'] === 3;
      }, 'the standby to count its scans'),
    );
  });
  afterAll(async () => {
    for (const server of [stranger, second, first, primary]) await server.stop('immediate');
  });

  const both = () => ['--replica', place(first), '--replica', place(second)];

  async function indexes(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { code, stdout, stderr } = await runProgram(
      ['monitor', 'indexes', '--min-size', '8kB', '--min-window', '0', ...argv, '--format', 'json'],
      { env: { ORDERSYNC_DATABASE_URL: primary.url, ...env } },
    );
    const found = stdout === '' ? undefined : (JSON.parse(stdout) as Answer);
    const rows: readonly Row[] = found === undefined ? [] : inSection(found, 'indexes');
    const named = (name: string) => rows.find(({ index }) => index === `public.${name}`);
    return { code, stdout, stderr, found, named, verdict: found && verdictOf(found, 'indexes') };
  }

  it('calls an index unused when no named server has used it, and one that a standby uses is not on the list', async () => {
    const marks = await Promise.all([first, second].map((server) => markServerLog(server.logFile)));
    const { named, found, verdict } = await indexes(both());
    expect(named('dishes_kind')).toMatchObject({
      verdict: 'warning',
      scans: 0,
      reason: expect.stringContaining('no standby of the 2 named'),
      fix: 'drop index concurrently public.dishes_kind',
    });
    expect(named('dishes_id')).toBeUndefined();
    expect({ verdict, warnings: found?.warnings }).toEqual({ verdict: 'warning', warnings: [] });
    for (const [index, server] of [first, second].entries()) {
      await assertNoServerErrors(marks[index]!, 'postgres', server.logFile);
    }
  });

  it('adds up the scans of all servers', async () => {
    const { named } = await indexes([...both(), '--max-scans', '5']);
    expect(named('dishes_id')).toMatchObject({ scans: 3 });
  });

  it.each([
    ['one of two', () => ['--replica', place(first)], '2 standbys are connected, and 1 were looked at'],
    [
      'one of them twice',
      () => ['--replica', place(first), '--replica', first.urlFor('postgres')],
      'and 1 were looked at',
    ],
    ['none', () => [], 'a standby may use it'],
  ])('says nothing of an index when %s is named', async (_, argv, reason) => {
    const { named, verdict } = await indexes(argv());
    expect(named('dishes_kind')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining(reason),
      fix: 'name each standby with --replica',
    });
    expect(verdict).toBe('unknown');
  });

  it.each([
    ['that nobody answers at', () => `postgres://postgres:${PASSWORD}@127.0.0.1:1/postgres`, /127\.0\.0\.1:1/],
    ['of another system', () => stranger.url, /system identifier is another/],
    ['that is the main one', () => place(primary), /it is the server that is looked at itself/],
    ['where another database is asked', () => second.urlFor('elsewhere'), /another database/],
  ])('says nothing, and why, with a server %s', async (_, text, reason) => {
    const { named, found, verdict, stdout, stderr } = await indexes(['--replica', place(first)], {
      ORDERSYNC_REPLICA_URL: 'unused: the flag outranks it',
    });
    expect(named('dishes_kind')?.['reason']).toContain('1 were looked at');
    expect(stdout + stderr).not.toContain('outranks');
    expect(verdict).toBe('unknown');
    const strange = await indexes([], { ORDERSYNC_REPLICA_URL: `${place(first)}\n${place(second)}\n${text()}\n` });
    expect(strange.named('dishes_kind')).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(reason) });
    expect(strange.verdict).toBe('unknown');
    expect(strange.found?.warnings.join()).toMatch(reason);
    expect(strange.stdout + strange.stderr).not.toContain(PASSWORD);
    expect(found?.warnings).toEqual([]);
  });

  it('warns of a password on the command line, and shows it nowhere', async () => {
    const url = `postgres://postgres:${PASSWORD}@127.0.0.1:1/postgres`;
    const { stdout, stderr, code } = await indexes(['--replica', url, '--check']);
    expect(stderr).toContain('password on the command line');
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(code).toBe(3);
    const quiet = await indexes(['--check'], { ORDERSYNC_REPLICA_URL: url });
    expect(quiet.stderr).not.toContain('password on the command line');
  });

  it('goes by the youngest statistics of all servers', async () => {
    const { named } = await indexes(both());
    const age = Math.floor(Number(named('dishes_kind')?.['observed_ms']));
    await onServer(second, (sql) => sql`select pg_stat_reset()`);
    const young = await indexes([...both(), '--min-window', `${age}ms`]);
    expect(young.named('dishes_kind')).toMatchObject({
      verdict: 'unknown',
      reason: `statistics of standby ${place(second)} are not old enough to call it unused`,
      observed_ms: expect.toSatisfy((ms: number) => ms < age),
    });
  });

  it.each([
    ['a password without a URL', `postgres:${PASSWORD}@standby`],
    ['the URL of another kind of server', `mysql://root:${PASSWORD}@standby/x`],
    ['no port', 'standby:70000'],
    ['an unknown word', `host=standby pasword=${PASSWORD}`],
  ])('refuses %s before it connects, and does not repeat it', async (_, text) => {
    const { code, stdout, stderr } = await indexes(['--replica', text]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('flag --replica');
    expect(stderr).not.toContain(PASSWORD);
  });

  it('on a standby says that the primary was not looked at', async () => {
    const { stdout } = await runProgram(
      ['monitor', 'indexes', '--min-size', '8kB', '--min-window', '0', '--format', 'json'],
      { env: { ORDERSYNC_DATABASE_URL: second.urlFor('postgres') } },
    );
    expect(inSection(JSON.parse(stdout) as Answer, 'indexes')).toContainEqual(
      expect.objectContaining({
        index: 'public.dishes_kind',
        verdict: 'unknown',
        fix: expect.stringContaining('primary'),
      }),
    );
  });

  it('does not count a copy that has become a primary of its own', async () => {
    await onServer(second, (sql) => sql`select pg_promote(true)`);
    const { named } = await indexes(both());
    expect(named('dishes_kind')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('accepts writes of its own'),
    });
  });
});

async function onServer(server: EmbeddedServer, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(server.urlFor('postgres'), { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

/** As a host: its folder and port. */
function place({ socketDir, port }: EmbeddedServer): string {
  return `${socketDir}:${port}`;
}
