import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { startServer, startStandby } from '../../support/postgres.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { waitFor } from '../../support/wait.ts';
import { answer, inSection, verdictOf } from './fixture.ts';

describe('a primary and its standby', () => {
  let primary: EmbeddedServer;
  let standby: EmbeddedServer;
  let sql: postgres.Sql;

  beforeAll(async () => {
    primary = await startServer();
    standby = await startStandby(primary);
    sql = postgres(primary.url, { max: 1 });
    await waitFor(async () => {
      const [row] =
        await sql`select from pg_stat_replication where state = 'streaming' and replay_lsn = pg_current_wal_lsn()`;
      return row !== undefined;
    }, 'the standby to stream');
  });
  afterAll(async () => {
    await sql.end();
    await standby.stop('immediate');
    await primary.stop('immediate');
  });

  it('a standby that has caught up has no lag on either side', async () => {
    const found = await answer(primary.url, 'replication');
    expect(inSection(found, 'replication')).toMatchObject([{ state: 'streaming', lag_bytes: 0, verdict: 'ok' }]);
    expect(found.data.some(({ section }) => section === 'receiver')).toBe(false);
    await waitFor(
      async () =>
        inSection(await answer(standby.urlFor('postgres'), 'replication'), 'receiver')[0]?.['verdict'] === 'ok',
      'the standby to be well',
    );
    const here = await answer(standby.urlFor('postgres'), 'replication');
    expect(inSection(here, 'receiver')).toMatchObject([
      { receiving: true, lag_ms: 0, lag_bytes: 0, replay: 'not paused' },
    ]);
    expect(here.server).toMatchObject({ role: 'standby' });
  });

  it('a standby whose positions are hidden from the role is not called ok', async () => {
    await sql`create role blind login password 'blind'`;
    const url = new URL(primary.url);
    url.username = 'blind';
    url.password = 'blind';
    const found = inSection(await answer(url.href, 'replication'), 'replication');
    expect(found).toMatchObject([
      { state: null, client: null, verdict: 'unknown', fix: expect.stringContaining('grant pg_read_all_stats to') },
    ]);
    await sql`drop role blind`;
  });

  it('paused replay is a lag on both, as long as there is something to replay', async () => {
    const replica = postgres(standby.urlFor('postgres'), { max: 1 });
    try {
      await replica`select pg_wal_replay_pause()`;
      await sql`create table written as select generate_series(1, 1000)`;
      await waitFor(async () => {
        const [row] = inSection(await answer(standby.urlFor('postgres'), 'replication'), 'receiver');
        return Number(row?.['lag_bytes']) > 0 && row?.['replay'] === 'paused';
      }, 'WAL that waits');
      const here = await answer(standby.urlFor('postgres'), 'replication --lag 0 --critical-lag 1h');
      expect(inSection(here, 'receiver')[0]).toMatchObject({
        verdict: 'warning',
        fix: expect.stringContaining('pg_wal_replay_resume'),
      });
      const there = await answer(primary.url, 'replication --lag-bytes 1B --lag 1h --critical-lag 2h');
      expect(inSection(there, 'replication')[0]).toMatchObject({
        verdict: 'warning',
        lag_bytes: expect.toSatisfy((bytes) => bytes > 0),
      });
    } finally {
      await replica`select pg_wal_replay_resume()`;
      await replica.end();
    }
  });

  it('a slot that nobody reads is a warning, and critical once it keeps much; its fix is to drop it', async () => {
    await sql`select pg_create_physical_replication_slot('forgotten', true)`;
    const found = await answer(primary.url, 'replication');
    expect(inSection(found, 'slots')).toMatchObject([
      {
        slot: 'forgotten',
        active: false,
        verdict: 'warning',
        fix: expect.stringContaining('pg_drop_replication_slot'),
      },
    ]);
    await sql`create table more as select generate_series(1, 1000)`;
    expect(verdictOf(await answer(primary.url, 'replication --retained 1B'), 'slots')).toBe('critical');
    await sql`select pg_drop_replication_slot('forgotten')`;
    expect(inSection(await answer(primary.url, 'replication'), 'slots')).toEqual([]);
  });

  it('calls no index unused while a standby could use it', async () => {
    await sql`create table dishes (id integer)`;
    await sql`create index dishes_id on dishes (id)`;
    expect(inSection(await answer(primary.url, 'indexes --min-size 8kB --min-window 0'), 'indexes')).toMatchObject([
      { index: 'public.dishes_id', verdict: 'unknown', reason: expect.stringContaining('standby') },
    ]);
  });

  it('every report answers on a standby, without an error in its log', async () => {
    const mark = await markServerLog(standby.logFile);
    for (const report of reportCommands('monitor').keys()) {
      const { command, code } = await answer(standby.urlFor('postgres'), report);
      expect([report, command, code === 0 || code === 3]).toEqual([report, `monitor ${report}`, true]);
    }
    await assertNoServerErrors(mark, 'postgres', standby.logFile);
  });
});
