import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../src/db/connect.ts';
import { resolveConnection } from '../../src/db/settings/resolve.ts';
import { simpleText } from '../../src/db/text.ts';
import { testServer, useDatabase } from '../support/postgres.ts';
import { createRole } from '../support/roles.ts';
import { settingsOf, useSessions, withParameters } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

describe('a session', () => {
  it('knows its server', async () => {
    const { server } = await sessions.open(database.current.url);
    const { host, port, version } = testServer();
    expect(Math.floor(server.versionNum / 10_000)).toBe(version);
    expect(server.version).toMatch(new RegExp(`^${version}\\.\\d+$`));
    expect(server).toMatchObject({
      database: database.current.name,
      user: 'postgres',
      address: `${host}:${port}`,
      inRecovery: false,
      superuser: true,
      pooled: false,
    });
  });

  it('is named after its command, with the name the user gave', async () => {
    const url = withParameters(database.current.url, { application_name: 'nightly' });
    const { sql } = await sessions.open(url, { applicationName: 'ordersync migrate up' });
    const [row] = await sql<{ name: string }[]>`select current_setting('application_name') as name`;
    expect(row?.name).toBe('ordersync migrate up [nightly]');
  });

  it('speaks UTC and ISO whatever the server prefers', async () => {
    const url = withParameters(database.current.url, { options: '-c work_mem=7MB' });
    const { sql } = await sessions.open(url);
    const [row] = await sql`
      select current_setting('TimeZone') as zone,
             current_setting('DateStyle') as style,
             current_setting('client_encoding') as encoding,
             current_setting('standard_conforming_strings') as strings,
             current_setting('client_connection_check_interval') as check,
             current_setting('work_mem') as memory`;
    expect(row).toEqual({
      zone: 'UTC',
      style: 'ISO, MDY',
      encoding: 'UTF8',
      strings: 'on',
      check: '2s',
      memory: '7MB',
    });
  });

  it('hands notices to the caller', async () => {
    const notices: string[] = [];
    const session = await sessions.open(database.current.url, { onNotice: (notice) => notices.push(notice) });
    await session.sql`drop table if exists never_was`;
    expect(notices).toEqual(['notice: table "never_was" does not exist, skipping']);
  });

  it('connects through the folder of the Unix socket, in each way to write it', async () => {
    const { socketDir, port } = testServer();
    const { name } = database.current;
    const encoded = encodeURIComponent(socketDir);
    for (const url of [
      `postgres://postgres@/${name}?host=${socketDir}&port=${port}`,
      `postgres://postgres@${encoded}:${port}/${name}`,
      `postgresql:///${name}?user=postgres&host=${encoded}&port=${port}&sslmode=verify-full&sslrootcert=system`,
      `host=${socketDir} port=${port} user=postgres dbname='${name}'`,
    ]) {
      const { server } = await sessions.open(url);
      expect(server).toMatchObject({ database: name, address: `${socketDir}:${port}` });
    }
  });

  it('opens a database with a Korean name, written with percent signs', async () => {
    await database.current.sql`create database ${database.current.sql(`주문_${database.current.name}`)}`;
    const url = Object.assign(new URL(database.current.url), { pathname: `/주문_${database.current.name}` }).href;
    expect(url).toContain('%EC%A3%BC');
    try {
      const session = await sessions.open(url);
      expect(session.server.database).toBe(`주문_${database.current.name}`);
      await session.close();
    } finally {
      await database.current.sql`drop database ${database.current.sql(`주문_${database.current.name}`)} with (force)`;
    }
  });

  it('is over after close, and says so', async () => {
    const session = await openSession(settingsOf(database.current.url), { applicationName: 'ordersync test' });
    await session.close();
    await session.close();
    expect(session.lost).toBe(true);
    await expect(session.sql`select 1`).rejects.toMatchObject({ code: 'connection', message: 'the session is closed' });
    await session.cancel();
  });

  it('cancels what still runs when it is closed', async () => {
    const session = await openSession(settingsOf(database.current.url), { applicationName: 'ordersync test' });
    const sleeping = simpleText(session, 'select pg_sleep(600)');
    await session.close();
    await expect(sleeping).rejects.toMatchObject({ code: 'connection' });
    await database.current.assertNothingLeft();
  });

  it('cancels its running statement and goes on', async () => {
    const session = await sessions.open(database.current.url);
    const sleeping = simpleText(session, 'select pg_sleep(600)');
    const timer = setInterval(() => void session.cancel(), 50);
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    clearInterval(timer);
  });
});

describe('a password from a file', () => {
  it('is found for this host, port, database and user, next to a service that names them', async () => {
    const role = await createRole();
    const home = mkdtempSync(join(tmpdir(), 'ordersync-home-'));
    const { host, port } = testServer();
    const { name } = database.current;
    writeFileSync(
      join(home, '.pg_service.conf'),
      `[shop]\nhost=${host}\nport=${port}\ndbname=${name}\nuser=${role.user}\n`,
    );
    writeFileSync(join(home, '.pgpass'), `other:*:*:*:wrong\n${host}:${port}:${name}:${role.user}:${role.password}\n`);
    chmodSync(join(home, '.pgpass'), 0o600);
    try {
      const settings = resolveConnection({ flags: {}, env: { HOME: home, PGSERVICE: 'shop' } });
      const session = await openSession(settings, { applicationName: 'ordersync test' });
      expect(session.server).toMatchObject({ user: role.user, database: name });
      await session.close();
      chmodSync(join(home, '.pgpass'), 0o644);
      const exposed = resolveConnection({ flags: {}, env: { HOME: home, PGSERVICE: 'shop' } });
      await expect(openSession(exposed, { applicationName: 'ordersync test' })).rejects.toThrow('none is given');
    } finally {
      rmSync(home, { recursive: true });
      await role.drop();
    }
  });
});

describe('several hosts', () => {
  it('are tried in order, and a dead one is passed over', async () => {
    const { host, port } = testServer();
    const login = new URL(database.current.url);
    const url = `postgres://${login.username}:${login.password}@${host}:1,${host}:${port}/${database.current.name}`;
    const { server } = await sessions.open(url);
    expect(server.address).toBe(`${host}:${port}`);
  });

  it('are all named when none will do', async () => {
    const { host, port } = testServer();
    const login = new URL(database.current.url);
    const url = `postgres://${login.username}:${login.password}@${host}:1,${host}:${port}/${database.current.name}?target_session_attrs=standby`;
    await expect(sessions.open(url)).rejects.toMatchObject({
      code: 'connection',
      message: 'none of the 2 hosts can be used',
      details: {
        body: [
          `nothing accepts connections at ${host}:1`,
          `${host}:${port} is a primary, and target_session_attrs=standby asks for another`,
        ],
      },
    });
  });

  it.each(['any', 'read-write', 'primary', 'prefer-standby'])(
    'accept a primary for target_session_attrs=%s',
    async (kind) => {
      const { server } = await sessions.open(withParameters(database.current.url, { target_session_attrs: kind }));
      expect(server.inRecovery).toBe(false);
    },
  );

  it('refuse a primary as read-only unless it is set so', async () => {
    const url = withParameters(database.current.url, { target_session_attrs: 'read-only' });
    await expect(sessions.open(url)).rejects.toMatchObject({ code: 'connection' });
  });
});
