import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { serverAccount } from '../../src/embedded/account.ts';
import { restoreLinks } from '../../src/embedded/binaries.ts';
import { startEmbedded } from '../../src/embedded/server.ts';
import { createCheckout, endOf, readDescription, remove, type Checkout } from '../support/embedded-parent.ts';
import { testServer } from '../support/postgres.ts';
import { processesIn } from '../support/traces.ts';
import { waitFor } from '../support/wait.ts';

const isRoot = process.geteuid?.() === 0;
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'account-'));
  chmodSync(temporary, 0o777);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

describe('a checkout as npm leaves it without install scripts', () => {
  let checkout: Checkout;

  beforeAll(async () => {
    checkout = await createCheckout({ copyOf: testServer().version });
  });
  afterAll(async () => remove(checkout));

  test.runIf(isRoot)('of root, where nobody else may enter, serves through a cached copy', async () => {
    chmodSync(checkout.root, 0o700);
    const first = await describeRun(checkout, { cache: true });
    expect(dirname(dirname(first.native))).toBe(temporary);
    // A cached copy that somebody tidied is not used.
    rmSync(join(first.native, 'share/postgresql/timezone/Asia'), { recursive: true });
    const second = await describeRun(checkout, { cache: true });
    expect(second.native).toBe(first.native);
    expect(readdirSync(join(second.native, 'share/postgresql/timezone/Asia')).length).toBeGreaterThan(0);
  });

  test.runIf(isRoot)('of root serves through a copy that goes with the server when nothing is cached', async () => {
    chmodSync(checkout.root, 0o700);
    const { native, directory } = await describeRun(checkout, {});
    expect(native).toBe(join(directory, 'binaries'));
    await waitFor(() => readdirSync(temporary).length === 0, 'an empty temporary directory');
  });

  test.runIf(isRoot)('of root serves an ordinary user, who may not complete it, through a copy', async () => {
    chmodSync(checkout.root, 0o755);
    execFileSync('find', [join(checkout.root, 'node_modules'), '-type', 'l', '-delete']);
    const { identity } = serverAccount();
    const { native } = await describeRun(checkout, { cache: true }, identity);
    expect(native.startsWith(temporary)).toBe(true);
  });

  test('serves where it stands once the links are restored', async () => {
    chmodSync(checkout.root, 0o755);
    const { native } = await describeRun(checkout, {});
    expect(native.startsWith(checkout.root)).toBe(true);
    expect(lstatSync(join(native, 'lib/libicuuc.so.60')).isSymbolicLink()).toBe(true);
  });
});

describe('an ordinary user', () => {
  test.runIf(isRoot)('runs the server as himself', async () => {
    const checkout = await createCheckout();
    chmodSync(checkout.root, 0o755);
    const { identity, uid } = serverAccount();
    const program = checkout.run({ version: testServer().version, cache: true }, 'wait', {
      ...identity,
      env: { TMPDIR: temporary },
    });
    const { pid, directory, error } = await readDescription(program);
    expect(error).toBeUndefined();
    expect(lstatSync(`/proc/${pid}`).uid).toBe(uid);
    program.kill('SIGTERM');
    await endOf(program);
    await waitFor(() => processesIn(directory).length === 0 && !existsSync(directory), 'its end');
    await remove(checkout);
  });
});

describe('the links', () => {
  test('are restored by two at a time without harm', async () => {
    const links = Array.from({ length: 50 }, (_, index) => ({ content: 'real', path: `link-${index}` }));
    const answers = await Promise.all([restoreLinks(temporary, links), restoreLinks(temporary, links)]);
    expect(answers).toEqual([true, true]);
    expect(readdirSync(temporary)).toHaveLength(50);
  });
});

describe('the temporary directory', () => {
  test('holds nothing but the cache afterwards, and without it nothing at all', async () => {
    vi.stubEnv('TMPDIR', temporary);
    await (await start(false)).stop();
    expect(readdirSync(temporary)).toEqual([]);
    await (await start(true)).stop();
    expect(readdirSync(temporary)).toEqual([`ordersync-embedded-${serverAccount().uid}`]);
  });

  test('may be used by several at once from the first moment', async () => {
    vi.stubEnv('TMPDIR', temporary);
    const servers = await Promise.all([start(true), start(true), start(true)]);
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
    await Promise.all(servers.map(async (server) => server.stop('immediate')));
    const cache = join(temporary, `ordersync-embedded-${serverAccount().uid}`);
    expect(readdirSync(cache).length).toBeGreaterThan(0);
  });

  test('may have lost part of the cache', async () => {
    vi.stubEnv('TMPDIR', temporary);
    await (await start(true)).stop();
    const cache = join(temporary, `ordersync-embedded-${serverAccount().uid}`);
    const [template = ''] = readdirSync(cache);
    rmSync(join(cache, template, 'data/global/pg_control'));
    await (await start(true)).stop();
    expect(readdirSync(cache)).toHaveLength(1);
  });

  test('holds nothing of a start that failed or was given up', async () => {
    vi.stubEnv('TMPDIR', temporary);
    const failed = startEmbedded({ settings: { shared_preload_libraries: 'no_such_library' } });
    await expect(failed).rejects.toMatchObject({
      code: 'precondition',
      details: { body: expect.arrayContaining([expect.stringContaining('no_such_library')]) as unknown },
    });
    const controller = new AbortController();
    const aborted = startEmbedded({ signal: controller.signal });
    await waitFor(() => readdirSync(temporary).length > 0, 'the directory');
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'interrupted' });
    expect(readdirSync(temporary)).toEqual([]);
    expect(processesIn(temporary)).toEqual([]);
  });

  test.runIf(isRoot)('may hold a cache of somebody else, which is refused', async () => {
    vi.stubEnv('TMPDIR', temporary);
    const cache = join(temporary, `ordersync-embedded-${serverAccount().uid}`);
    mkdirSync(cache);
    chownSync(cache, 1, 1);
    await expect(start(true)).rejects.toMatchObject({ code: 'precondition' });
  });

  test.runIf(isRoot)('may be closed to the account of the server: then it is /tmp', async () => {
    chmodSync(temporary, 0o700);
    vi.stubEnv('TMPDIR', temporary);
    const server = await start(false);
    expect(dirname(dirname(server.dataDir))).toBe('/tmp');
    await server.stop();
  });

  test('may have a path with blanks, quotes and too many letters for a socket', async () => {
    const odd = join(temporary, `it's "a" path, ${'long'.repeat(20)}`);
    mkdirSync(odd);
    chmodSync(odd, 0o777);
    vi.stubEnv('TMPDIR', odd);
    const server = await start(true);
    expect(server.socketDir.startsWith('/tmp/')).toBe(true);
    expect(readdirSync(server.socketDir)).toContain(`.s.PGSQL.${server.port}`);
    await server.stop();
    expect(readdirSync(odd)).toHaveLength(1);
    expect(() => readdirSync(server.socketDir)).toThrow('ENOENT');
  });

  test('may have a short path with blanks and quotes, where the socket finds room', async () => {
    const odd = join(temporary, `a, "b"`);
    mkdirSync(odd);
    chmodSync(odd, 0o777);
    vi.stubEnv('TMPDIR', odd);
    const server = await start(false);
    expect(readdirSync(server.socketDir)).toContain(`.s.PGSQL.${server.port}`);
    await server.stop();
    expect(readdirSync(odd)).toEqual([]);
  });
});

async function start(cache: boolean) {
  return startEmbedded({ version: testServer().version, cache, settings: { fsync: 'off' } });
}

async function describeRun(checkout: Checkout, request: { cache?: boolean }, identity = {}) {
  const program = checkout.run({ version: testServer().version, ...request }, 'return', {
    ...identity,
    env: { TMPDIR: temporary },
  });
  const described = await readDescription(program);
  expect(described.error).toBeUndefined();
  await endOf(program);
  await waitFor(
    () => !readdirSync(temporary).some((name) => name.startsWith('ordersync-pg-')),
    'the end of the server',
  );
  return described;
}
