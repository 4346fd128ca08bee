import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { startServer, useDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { monitor } from './fixture.ts';

const TOKEN = 'a-token-that-nobody-guesses-4711';
const QUICK = [
  '--collect',
  'metrics/server',
  '--collect',
  'monitor/cache',
  '--timeout',
  '10min',
  '--deadline',
  '10min',
];

describe('monitor serve', () => {
  const database = useDatabase();

  it('answers /metrics and /healthz, and nothing else, until it is interrupted', async () => {
    const served = await serve(database.current.url, QUICK);
    const metrics = await fetch(`${served.base}/metrics`);
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toContain('\nordersync_up 1\n');
    expect(await (await fetch(`${served.base}/healthz`)).text()).toBe('ok\n');
    expect((await fetch(`${served.base}/other`)).status).toBe(404);
    expect((await fetch(`${served.base}/metrics`, { method: 'POST' })).status).toBe(405);
    const { code, stderr } = await served.stop();
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted');
    await expect(fetch(`${served.base}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('looks once for those who ask at the same time, and gives an answer again while it is young', async () => {
    const served = await serve(database.current.url, [...QUICK, '--cache', '1h']);
    const texts = await Promise.all(Array.from({ length: 5 }, async () => textOf(`${served.base}/metrics`)));
    texts.push(await textOf(`${served.base}/metrics`));
    expect(texts[0]).toMatch(/^ordersync_collected_timestamp_seconds \d/m);
    expect(new Set(texts).size).toBe(1);
    const fresh = await serve(database.current.url, [...QUICK, '--cache', '0']);
    expect(await textOf(`${fresh.base}/metrics`)).not.toBe(await textOf(`${fresh.base}/metrics`));
  });

  it('asks for the token, except for /healthz', async () => {
    const file = await tokenFile(`${TOKEN}\n`);
    const served = await serve(database.current.url, [...QUICK, '--token-file', file]);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${served.base}/metrics`, { headers })).status;
    expect([
      await status({}),
      await status({ authorization: 'Bearer ' }),
      await status({ authorization: `Bearer ${TOKEN}x` }),
      await status({ authorization: `Basic ${TOKEN}` }),
      await status({ authorization: `Bearer ${TOKEN}` }),
    ]).toEqual([401, 401, 401, 401, 200]);
    expect((await fetch(`${served.base}/healthz`)).status).toBe(200);
    expect((await served.stop()).stderr).not.toContain(TOKEN);
  });

  it('refuses an address that others reach without a token', async () => {
    for (const address of ['0.0.0.0:0', '[::]:0', '10.0.0.5:9187']) {
      const { code, stderr } = await monitor(database.current.url, ['serve', '--listen', address]);
      expect([address, code]).toEqual([address, 2]);
      expect(stderr).toContain('--token-file');
    }
  });

  it.each([
    ['a token that can be tried out', 'short', 0o600, 'at least 22 characters'],
    ['a file that everybody can read', TOKEN, 0o644, 'chmod 600'],
  ])('refuses %s, and does not print it', async (_, text, mode, words) => {
    const file = await tokenFile(text, mode);
    const { code, stderr } = await monitor(database.current.url, ['serve', '--token-file', file]);
    expect(code).toBe(3);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(text);
  });

  it('says when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(async () => {
      await new Promise((resolve) => {
        other.close(resolve);
      });
    });
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await monitor(database.current.url, ['serve', '--listen', `127.0.0.1:${port}`]);
    expect(code).toBe(3);
    expect(stderr).toContain('EADDRINUSE');
  });
});

describe('monitor serve beside a server that goes and comes', () => {
  let server: EmbeddedServer | undefined;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => server?.stop('immediate'));

  it('is ordersync_up 0 with status 200 while it is down, and 1 again afterwards', async () => {
    const postgres = server!;
    const served = await serve(postgres.url, [...QUICK, '--cache', '0']);
    const isUp = async (): Promise<string> => {
      const response = await fetch(`${served.base}/metrics`);
      const [, up] = /^ordersync_up (\d)$/m.exec(await response.text()) ?? [];
      return `${response.status} up ${up}`;
    };
    const becomes = async (state: string): Promise<void> =>
      waitFor(async () => (await isUp()) === state, `${state} of ${served.base}`);
    await becomes('200 up 1');
    await postgres.halt('immediate');
    expect(await isUp()).toBe('200 up 0');
    await postgres.start();
    await becomes('200 up 1');
    const { code, stderr } = await served.stop();
    expect(code).toBe(130);
    expect(stderr.match(/the server answers again/g)?.length).toBe(1);
    expect(stderr).not.toContain(postgres.password);
  });
});

describe('monitor export from a server that is frozen', () => {
  it('is ordersync_up 0 at its deadline', async () => {
    const frozen = await startServer();
    onTestFinished(async () => {
      frozen.signal('CONT');
      await frozen.stop('immediate');
    });
    frozen.signal('STOP');
    const { code, stdout, stderr } = await monitor(`${frozen.url}?connect_timeout=2`, 'export --deadline 100ms');
    expect(code).toBe(3);
    expect(stdout).toContain('\nordersync_up 0\n');
    expect(stderr).toContain('did not answer within');
  });
});

interface Served {
  readonly base: string;
  /** Ctrl-C. */
  stop(): Promise<{ readonly code: number; readonly stderr: string }>;
}

async function serve(url: string, options: readonly string[]): Promise<Served> {
  const heard: { interrupt?: (signal: 'SIGINT') => void; told: string } = { told: '' };
  const ran = monitor(url, ['serve', '--listen', '127.0.0.1:0', ...options], {
    onListen: (deliver) => (heard.interrupt = deliver),
    onStderr: (text) => (heard.told = text),
  });
  const base = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(heard.told)?.[0];
  const stop = async () => {
    heard.interrupt?.('SIGINT');
    return ran;
  };
  onTestFinished(async () => {
    await stop();
  });
  await waitFor(
    () => base() !== undefined,
    () => `an address in ${heard.told}`,
  );
  return { base: base()!, stop };
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function tokenFile(text: string, mode = 0o600): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ordersync-token-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}
