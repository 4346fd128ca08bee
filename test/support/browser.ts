import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { waitFor } from './wait.ts';

/** What a page did while it was loaded, and a way to ask it. */
export interface LoadedPage {
  /** Of every request, the page's own address included. */
  readonly requests: readonly string[];
  /** Errors and whatever else the console would show. */
  readonly messages: readonly string[];
  /** The value of an expression in the page; the page's own policy does not bind it. */
  evaluate(expression: string): Promise<unknown>;
  colorScheme(scheme: 'light' | 'dark'): Promise<void>;
}

type Message = Readonly<Record<string, unknown>>;

/** The browser's own talk with its maker is not the page's. */
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Loads an address in a headless Chromium of its own, which has ended when this resolves. */
export async function withPage<Result>(
  chromium: string,
  url: string,
  use: (page: LoadedPage) => Promise<Result>,
): Promise<Result> {
  const profile = await mkdtemp(join(tmpdir(), 'ordersync-chromium-'));
  const browser = spawn(chromium, [...QUIET, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(browser, 'exit');
  try {
    const wire = speak(browser.stdio[3] as Writable, browser.stdio[4] as Readable);
    return await use(await load(wire, url));
  } finally {
    // The group: its helpers outlive a browser that is killed alone.
    if (browser.exitCode === null && browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

interface Wire {
  send(method: string, params?: Message, sessionId?: string): Promise<Message>;
  readonly events: readonly Message[];
}

async function load(wire: Wire, url: string): Promise<LoadedPage> {
  const { targetId } = await wire.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params: Message = {}) => wire.send(method, params, String(sessionId));
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`);
  const begun = wire.events.length;
  const heard = (...methods: readonly string[]) =>
    wire.events.slice(begun).filter(({ method }) => methods.includes(String(method)));
  await send('Page.navigate', { url });
  await waitFor(() => heard('Page.loadEventFired').length > 0, `${url} to be loaded`);
  return {
    get requests() {
      return heard('Network.requestWillBeSent').map(
        ({ params }) => (params as { request: { url: string } }).request.url,
      );
    },
    get messages() {
      return heard('Log.entryAdded', 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown').map(({ params }) =>
        JSON.stringify(params),
      );
    },
    evaluate: async (expression) => {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return (result as { value?: unknown }).value;
    },
    colorScheme: async (value) => {
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
    },
  };
}

/** The DevTools protocol over two pipes: JSON, each message ended by a zero byte. */
function speak(input: Writable, output: Readable): Wire {
  const waiting = new Map<number, { resolve: (result: Message) => void; reject: (error: Error) => void }>();
  const events: Message[] = [];
  let rest = '';
  let last = 0;
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      const asked = waiting.get(Number(message['id']));
      if (asked === undefined) events.push(message);
      else if (message['error'] === undefined) asked.resolve(message['result'] as Message);
      else asked.reject(new Error(JSON.stringify(message['error'])));
    }
  });
  output.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser has ended'));
  });
  return {
    events,
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      }),
  };
}
