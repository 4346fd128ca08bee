import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/embedded/server.ts';
import { POSTGRES_VERSIONS, parsePostgresVersion } from '../../src/embedded/version.ts';
import { startServer, startStandby } from '../support/postgres.ts';
import { segmentOf, tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait.ts';

describe.each(POSTGRES_VERSIONS)('PostgreSQL %i', (version) => {
  let server: EmbeddedServer;
  let segment: number;

  beforeAll(async () => {
    server = await startEmbedded({ version, cache: true, settings: { fsync: 'off', cluster_name: "it's" } });
    segment = segmentOf(server.dataDir);
  });
  afterAll(async () => server.stop('immediate'));

  test('runs that version with the wanted settings, in UTC, not as root', async () => {
    const [row] = await query(
      server.url,
      `select current_setting('server_version_num')::int / 10000 as version, current_setting('cluster_name') as name,
              current_setting('timezone') as timezone, current_setting('is_superuser') as superuser`,
    );
    expect(row).toEqual({ version, name: "it's", timezone: 'UTC', superuser: 'on' });
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).not.toBe('0');
  });

  test('finds trigrams in Hangul', async () => {
    await query(server.url, 'create extension pg_trgm');
    const [row] = await query(server.url, `select show_trgm('치킨') as trigrams`);
    expect(row?.['trigrams']).toHaveLength(3);
  });

  test('asks for the password on the loopback port', async () => {
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
  });

  test('trusts its socket, which nobody else can reach', async () => {
    const sql = postgres({ host: server.socketDir, port: server.port, username: 'postgres', max: 1 });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end({ timeout: 1 });
  });

  test('keeps what was committed over a restart and over a kill, on the same port', async () => {
    await query(server.url, 'create table kept as select 1 as id');
    await server.restart('immediate');
    await query(server.url, 'insert into kept values (2)');
    const busy = query(server.url, 'do $$ begin loop end loop; end $$').catch((error: Error) => error);
    await waitFor(
      async () => (await query(server.url, `select from pg_stat_activity where query like 'do %'`)).length > 0,
      'the busy session',
    );
    await server.kill();
    expect(server.pid).toBeUndefined();
    expect(tracesOf({ directory: server.dataDir, segment })).toEqual([`directory ${server.dataDir}`]);
    expect(await busy).toBeInstanceOf(Error);
    await server.start();
    expect(await query(server.url, 'select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    segment = segmentOf(server.dataDir);
  });

  test('leaves nothing after it was stopped', async () => {
    await server.stop();
    expect(tracesOf({ directory: dirname(server.dataDir), segment })).toEqual([]);
    await server.stop();
  });
});

describe('a request', () => {
  test('with a setting that would be two lines is refused', async () => {
    const refused = startEmbedded({ settings: { work_mem: "1MB'\nfsync = 'off" } });
    await expect(refused).rejects.toMatchObject({ code: 'usage' });
  });

  test('for a version that is not embedded is refused', () => {
    expect(() => parsePostgresVersion('14')).toThrow('no embedded PostgreSQL of version "14"');
    expect(parsePostgresVersion('')).toBe(18);
  });
});

test('a server that listens on its socket only has no port open', async () => {
  const server = await startServer({ listen: 'socket' });
  expect(server.host).toBe(server.socketDir);
  expect(server.url).toContain(encodeURIComponent(server.socketDir));
  const sql = postgres({ host: server.socketDir, port: server.port, username: 'postgres', max: 1 });
  expect(await sql`show listen_addresses`).toEqual([{ listen_addresses: '' }]);
  await sql.end({ timeout: 1 });
  await server.stop();
  expect(existsSync(server.socketDir)).toBe(false);
});

test('a standby of a cold copy follows its primary', async () => {
  const primary = await startServer();
  await query(primary.url, 'create table followed (id integer)');
  const standby = await startStandby(primary);
  await query(primary.url, 'insert into followed values (7)');
  await waitFor(
    async () => (await query(standby.url, 'select id from followed')).length === 1,
    'the row on the standby',
  );
  expect(await query(standby.url, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
  await standby.stop('immediate');
  await primary.stop('immediate');
});

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return [...(await sql.unsafe(text))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}
