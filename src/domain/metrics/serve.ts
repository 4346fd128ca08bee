import { EventEmitter, on } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context, ProgressEvent, Work } from '../../context.ts';
import { OrdersyncError } from '../../errors.ts';
import { CONTENT_TYPE } from './exposition.ts';
import type { ListenAddress } from './listen.ts';
import { addressText } from './listen.ts';
import type { Scraper } from './scraper.ts';
import type { TokenCheck } from './token.ts';

export interface ServeRequest {
  readonly listen: ListenAddress;
  /** Undefined: whoever reaches the address may read. */
  readonly token: TokenCheck | undefined;
}

/** Nobody needs more at once, and a flood must not use up this process. */
const MOST_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;

/** Answers /metrics and /healthz until the signal aborts; then gives the answers under way and throws the signal's reason. */
export async function* serveMetrics(
  { signal }: Pick<Context, 'signal'>,
  scraper: Scraper,
  request: ServeRequest,
): Work<undefined> {
  const said = new EventEmitter();
  const events = on(said, 'event', { signal }) as AsyncIterable<[ProgressEvent]>; // tell emits nothing else
  const desk: Desk = { scraper, token: request.token, down: undefined, tell: (event) => said.emit('event', event) };
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (incoming, response) => void answer(desk, incoming, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  const address = await listen(server, request.listen);
  try {
    yield { kind: 'note', message: `metrics are at http://${addressText(address)}/metrics` };
    for await (const [event] of events) yield event;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await close(server);
    await scraper.close();
  }
}

interface Desk {
  readonly scraper: Scraper;
  readonly token: TokenCheck | undefined;
  readonly tell: (event: ProgressEvent) => void;
  /** Why the last scrape could not ask the server. */
  down: string | undefined;
}

async function answer(desk: Desk, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path] = (incoming.url ?? '').split('?');
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return send(response, 405, 'GET only\n');
  if (path === '/healthz') return send(response, 200, 'ok\n');
  if (path !== '/metrics') return send(response, 404, 'metrics are at /metrics\n');
  if (desk.token?.(incoming.headers.authorization) === false) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    return send(response, 401, 'a bearer token is needed\n');
  }
  try {
    const { text, down } = await desk.scraper.scrape();
    tellChange(desk, down);
    send(response, 200, text, CONTENT_TYPE);
  } catch (error) {
    // The program itself is at fault, or it is ending: that is no state of the server, so it is not told as one.
    desk.tell({ kind: 'warning', message: `a scrape failed: ${(error as Error).message}` });
    send(response, 500, 'the scrape failed; the log of ordersync says why\n');
  }
}

/** Once when it goes, once when it is back: not with every scrape. */
function tellChange(desk: Desk, down: string | undefined): void {
  if (down !== undefined && desk.down === undefined)
    desk.tell({ kind: 'warning', message: `ordersync_up is 0: ${down}` });
  if (down === undefined && desk.down !== undefined) desk.tell({ kind: 'note', message: 'the server answers again' });
  desk.down = down;
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new OrdersyncError(
          'config',
          `cannot listen on ${addressText({ host, port })}: ${error.code ?? error.message}`,
          {
            hint: error.code === 'EADDRINUSE' ? 'is it running already? --listen names another port' : 'see --listen',
            cause: error,
          },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo; // a TCP listener has one
  return { host: address, port: bound };
}

/** Answers that are under way are given; connections that wait for nothing are closed. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await closed;
}
