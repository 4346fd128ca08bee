import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openSession } from '../../src/db/connect.ts';
import { testServer, useDatabase } from '../support/postgres.ts';
import { createRole } from '../support/roles.ts';
import { settingsOf, useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();
const listeners: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of listeners.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
});

/** Starts something that is no PostgreSQL server and returns its port. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  listeners.push({ server, sockets });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Longer than a test may take: who ends before did so because of what it saw. */
const NO_DEADLINE_MS = 3_600_000;

async function refusal(url: string, deadlineMs = NO_DEADLINE_MS): Promise<unknown> {
  return openSession(settingsOf(url), { applicationName: 'ordersync test', deadlineMs }).then(
    () => 'connected',
    (error: unknown) => error,
  );
}

describe.each(['disable', 'prefer', 'require'])('with sslmode=%s', (mode) => {
  const url = (port: number): string => `postgres://someone:s3cret@127.0.0.1:${port}/orders?sslmode=${mode}`;

  it('a web server is called by its name, at once', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('hello')));
    const error = await refusal(url(port));
    expect(error).toMatchObject({ code: 'connection' });
    expect(String(error)).toContain(`what listens at 127.0.0.1:${port}`);
  });

  it('a web server that keeps the connection open is recognised by its answer', async () => {
    const server = createServer(
      (socket) => void socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    const port = await listen(server);
    expect(await refusal(url(port))).toMatchObject({
      message: `what listens at 127.0.0.1:${port} does not answer as PostgreSQL does`,
    });
  });

  it('a port that says nothing is given up after the deadline', async () => {
    const port = await listen(createServer(() => {}));
    expect(await refusal(url(port), 300)).toMatchObject({
      code: 'connection',
      message: `no answer from 127.0.0.1:${port} within 0.3 s`,
    });
  });

  it('a port that hangs up is told apart from one that is closed', async () => {
    const port = await listen(createServer((socket) => socket.destroy()));
    const error = await refusal(url(port));
    expect(error).toMatchObject({ code: 'connection' });
    expect(String(error)).toContain('without an answer');
  });
});

describe('a refusal is one clear message', () => {
  it('when a signal interrupts the attempt', async () => {
    const port = await listen(createServer(() => {}));
    const controller = new AbortController();
    const attempt = openSession(settingsOf(`postgres://someone@127.0.0.1:${port}/orders`), {
      applicationName: 'ordersync test',
      signal: controller.signal,
    });
    controller.abort(new Error('interrupted by SIGINT'));
    await expect(attempt).rejects.toThrow('interrupted by SIGINT');
  });

  it('for a port where nothing listens', async () => {
    const server = createServer();
    const port = await listen(server);
    listeners.length = 0;
    server.close();
    await once(server, 'close');
    expect(await refusal(`postgres://someone:s3cret@127.0.0.1:${port}/orders`)).toMatchObject({
      code: 'connection',
      message: `nothing accepts connections at 127.0.0.1:${port}`,
    });
  });

  it('for a host name that nobody knows', async () => {
    const error = await refusal('postgres://someone:s3cret@no-such-host.invalid/orders');
    expect(error).toMatchObject({ code: 'connection' });
    expect(String(error)).toMatch(/host name of no-such-host.invalid:5432 (is not known|cannot be looked up now)/);
  });

  it('for a socket folder without a server', async () => {
    expect(await refusal('postgres:///orders?host=/tmp/no-such-folder&user=someone')).toMatchObject({
      message: 'there is no server socket /tmp/no-such-folder/.s.PGSQL.5432',
    });
  });

  it('for a wrong password, a missing one and an unknown database', async () => {
    const role = await createRole();
    const { host, port } = testServer();
    const at = `${host}:${port}`;
    try {
      const name = database.current.name;
      expect(await refusal(`postgres://${role.user}:wrong@${at}/${name}`)).toMatchObject({
        code: 'connection',
        message: `the server at ${at} refused the password of user "${role.user}"`,
        details: { sqlstate: '28P01' },
      });
      expect(await refusal(`postgres://${role.user}@${at}/${name}`)).toMatchObject({
        code: 'connection',
        message: `the server asks for a password of user "${role.user}", and none is given`,
      });
      expect(await refusal(`postgres://${role.user}:${role.password}@${at}/no_such_database`)).toMatchObject({
        code: 'connection',
        message: `database "no_such_database" does not exist on the server at ${at}`,
      });
      const session = await sessions.open(`postgres://${role.user}:${role.password}@${at}/${name}`);
      expect(session.server).toMatchObject({ user: role.user, superuser: false });
    } finally {
      await sessions.closeAll();
      await role.drop();
    }
  });

  it('for a server that is too old', async () => {
    const port = await listen(createServer(answerAsVersion13));
    expect(await refusal(`postgres://someone@127.0.0.1:${port}/orders?sslmode=disable`)).toMatchObject({
      code: 'not_enabled',
      message: `the server at 127.0.0.1:${port} is PostgreSQL 13.4; ordersync needs 15 or newer`,
    });
  });

  it('for an authentication that is not supported', async () => {
    const server = createServer((socket) => void socket.on('data', () => socket.write(message('R', [0, 0, 0, 7]))));
    const port = await listen(server);
    expect(await refusal(`postgres://someone@127.0.0.1:${port}/orders?sslmode=disable`)).toMatchObject({
      code: 'not_enabled',
      message: `the server at 127.0.0.1:${port} asks for GSSAPI authentication, which is not supported`,
    });
  });
});

/** Trusts whoever comes and answers every query with the facts of a PostgreSQL 13. */
function answerAsVersion13(socket: Socket): void {
  const facts = {
    version_num: '130004',
    version: '13.4',
    pid: '7',
    database: 'orders',
    user: 'someone',
    in_recovery: 'false',
  };
  const all = { ...facts, read_only: 'off', superuser: 'false' };
  const ready = message('Z', [...Buffer.from('I')]);
  socket.once('data', () => {
    socket.write(Buffer.concat([message('R', [0, 0, 0, 0]), message('K', [0, 0, 0, 7, 0, 0, 0, 9]), ready]));
    socket.on('data', () => {
      const columns = Object.keys(all).flatMap((name) => [
        ...Buffer.from(`${name}\0`),
        ...int32(0),
        0,
        0,
        ...int32(25),
        255,
        255,
        ...int32(-1),
        0,
        0,
      ]);
      const values = Object.values(all).flatMap((value) => [...int32(value.length), ...Buffer.from(value)]);
      const count = Object.keys(all).length;
      socket.write(Buffer.concat([message('T', [0, count, ...columns]), message('D', [0, count, ...values])]));
      socket.write(Buffer.concat([message('C', [...Buffer.from('SELECT 1\0')]), ready]));
    });
  });
}

function int32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return [...bytes];
}

function message(letter: string, body: readonly number[]): Buffer {
  return Buffer.from([letter.codePointAt(0) ?? 0, ...int32(body.length + 4), ...body]);
}
