import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { openSession } from '../../src/db/connect.ts';
import { resolveConnection } from '../../src/db/settings/resolve.ts';
import { outside } from './outside.ts';
import { testServer } from './postgres.ts';
import { waitFor } from './wait.ts';

export interface Pooler {
  /** The URL of a database through it, as superuser. */
  readonly url: string;
  /** Kills it; sessions through it are to be closed before. */
  stop(): Promise<void>;
}

/** Starts PgBouncer in transaction mode before the test server. The test is left out where it is not installed. */
export async function startPooler(context: TestContext, database: string): Promise<Pooler> {
  const program = outside('pgbouncer', context);
  const { host, port, password } = testServer();
  const listenPort = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'ordersync-pooler-'));
  chmodSync(folder, 0o755);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${host} port=${port} user=postgres password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
`,
  );
  // It refuses to run as root.
  const account = process.geteuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program, [...account, '-q', join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const pooler: Pooler = {
    url: `postgres://postgres@127.0.0.1:${listenPort}/${database}?sslmode=disable`,
    stop: async () => {
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
  try {
    await waitFor(async () => canOpen(pooler.url), 'the pooler to accept connections');
  } catch (error) {
    await pooler.stop();
    throw error;
  }
  return pooler;
}

async function canOpen(url: string): Promise<boolean> {
  const settings = resolveConnection({ flags: { url }, env: {} });
  try {
    const session = await openSession(settings, { applicationName: 'ordersync test' });
    await session.close();
    return true;
  } catch {
    // Not yet: whatever keeps it from accepting, the caller's patience ends.
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
