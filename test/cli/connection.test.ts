import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, startStandby, testServer, useDatabase } from '../support/postgres.ts';
import { runProgram, useBuild } from '../support/program.ts';

useBuild();
const database = useDatabase();

const SECRET = 'hunter2-Geheim';

/** Longer than a test may take: a program that ends before did so because of what it saw. */
const NO_DEADLINE_S = '3600';

const listeners: Server[] = [];
async function listen(server: Server): Promise<number> {
  listeners.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
let web: number;
let silent: number;
let closed: number;
beforeAll(async () => {
  web = await listen(createHttpServer((_request, response) => response.end('hello')));
  silent = await listen(createServer());
  const gone = createServer();
  closed = await listen(gone);
  gone.close();
});
afterAll(() => {
  for (const server of listeners) server.close();
});

async function refusal(url: string | undefined, more: Readonly<Record<string, string>> = {}) {
  const env = { ORDERSYNC_DATABASE_URL: url, PGCONNECT_TIMEOUT: NO_DEADLINE_S, ...more };
  return runProgram(['migrate', 'status'], { env });
}

/** What was shown, in its parts: one message, one hint, and nothing else; never the password. */
function parts({ code, stdout, stderr }: Awaited<ReturnType<typeof refusal>>) {
  expect(stderr).not.toContain(SECRET);
  const [, message, hint] = /^ordersync: (.+)\nhint: (.+)\n$/.exec(stderr) ?? [];
  return { code, stdout, message, hint };
}

const refused = (message: string, hint: string) => ({
  code: 3,
  stdout: '',
  message,
  hint: expect.stringContaining(hint) as unknown,
});

const someone = (place: string): string => `postgres://someone:${SECRET}@${place}`;

describe('what a user sees', () => {
  it('without a database', async () => {
    expect(parts(await refusal(undefined))).toEqual(refused('no database given', 'name one by --url'));
  });

  it('for a host name that nobody knows', async () => {
    const ended = await refusal(someone('no-such-host.invalid/orders'));
    // A machine without a name server cannot know that nobody knows it.
    expect(ended.stderr).toMatch(
      /^ordersync: the host name of no-such-host\.invalid:5432 (?:is not known|cannot be looked up now)\n/,
    );
    expect(ended).toMatchObject({ code: 3, stdout: '' });
  });

  it('for a port where nothing listens', async () => {
    const ended = await refusal(someone(`127.0.0.1:${closed}/orders`));
    expect(parts(ended)).toEqual(
      refused(`nothing accepts connections at 127.0.0.1:${closed}`, 'is the server running'),
    );
  });

  it('for a web server', async () => {
    const ended = await refusal(someone(`127.0.0.1:${web}/orders`));
    expect(parts(ended)).toEqual(
      refused(`what listens at 127.0.0.1:${web} does not answer as PostgreSQL does`, 'check the port'),
    );
  });

  it('for a port that says nothing, after the deadline', async () => {
    const ended = await refusal(someone(`127.0.0.1:${silent}/orders`), { PGCONNECT_TIMEOUT: '2' });
    expect(parts(ended)).toEqual(refused(`no answer from 127.0.0.1:${silent} within 2 s`, 'check host and port'));
  });

  it('for a wrong password, and for none', async () => {
    const { host, port } = testServer();
    const place = `${host}:${port}/${database.current.name}`;
    const wrong = await refusal(`postgres://postgres:${SECRET}@${place}`);
    expect(parts(wrong)).toEqual(
      refused(
        `the server at ${host}:${port} refused the password of user "postgres" (SQLSTATE 28P01)`,
        'see which one was used',
      ),
    );
    const none = await refusal(`postgres://postgres@${place}`);
    expect(parts(none)).toEqual(
      refused(
        'the server asks for a password of user "postgres", and none is given (SQLSTATE 28P01)',
        'set PGPASSWORD',
      ),
    );
  });

  it('for a database that does not exist', async () => {
    const { host, port, url } = testServer();
    const ended = await refusal(Object.assign(new URL(url), { pathname: '/nowhere' }).href);
    expect(parts(ended)).toEqual(
      refused(`database "nowhere" does not exist on the server at ${host}:${port} (SQLSTATE 3D000)`, 'check the name'),
    );
  });

  it('for a setting that nobody knows', async () => {
    const ended = await refusal(someone('127.0.0.1/orders'), { PGSSLMODE: 'verify-fully' });
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toMatch(/^ordersync: .*sslmode.*\nhint: .+\n$/);
  });

  it('as JSON, when JSON was asked for', async () => {
    const env = { ORDERSYNC_DATABASE_URL: someone(`127.0.0.1:${closed}/orders`) };
    const ended = await runProgram(['migrate', 'status', '--format', 'json'], { env });
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(ended.stderr)).toEqual({
      error: {
        code: 'connection',
        message: `nothing accepts connections at 127.0.0.1:${closed}`,
        hint: expect.any(String),
      },
    });
  });
});

it('a standby can be read and refuses what writes', async () => {
  const primary = await startServer();
  const standby = await startStandby(primary);
  try {
    const env = { ORDERSYNC_DATABASE_URL: standby.url };
    expect(await runProgram(['migrate', 'plan', '--format', 'json'], { env })).toMatchObject({ code: 0 });
    expect(await runProgram(['migrate', 'up'], { env })).toEqual({
      code: 4,
      stdout: '',
      stderr:
        'ordersync: this server is a standby: migrations run on the primary\n' +
        'hint: connect to the primary; with several hosts, target_session_attrs=read-write finds it\n',
    });
  } finally {
    await standby.stop('immediate');
    await primary.stop('immediate');
  }
});
