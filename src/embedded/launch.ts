import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrdersyncError } from '../errors.ts';
import type { Guard, Postmaster, ServerSignal } from './guard.ts';

export type ShutdownMode = 'fast' | 'immediate';

export interface LaunchSite {
  readonly guard: Guard;
  readonly dataDir: string;
  readonly logFile: string;
}

/** Far above any start seen, recovery of a killed server included; it only ends a hang. */
const START_PATIENCE_MS = 180_000;

/** Starts on a free port. Another program may take the port between the probe and the start: then on another one. */
export async function launchOnFreePort(
  site: LaunchSite,
  pickPort: () => Promise<number> = freePort,
): Promise<{ port: number; postmaster: Postmaster }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await pickPort();
    try {
      return { port, postmaster: await launch(site, port) };
    } catch (error) {
      if (attempt === 10 || !isPortTaken(error)) throw error;
    }
  }
}

/** Starts and waits until connections are accepted. @throws OrdersyncError `precondition` with the end of the log. */
export async function launch({ guard, dataDir, logFile }: LaunchSite, port: number): Promise<Postmaster> {
  const logged = (await readLog(logFile)).length;
  const postmaster = await guard.start(port);
  const state = { running: true };
  void postmaster.exited.then(() => (state.running = false));
  const deadline = performance.now() + START_PATIENCE_MS;
  while (state.running && performance.now() < deadline) {
    if (await isReady(dataDir, postmaster.pid)) return postmaster;
    await sleep(20);
  }
  if (state.running) await halt(guard, postmaster, 'immediate');
  const written = (await readLog(logFile)).slice(logged).trim().split('\n');
  throw new OrdersyncError('precondition', 'the embedded server did not start', {
    body: written.slice(-15),
    hint: 'the server log above names the reason',
  });
}

/** Ends the server; one that does not heed is asked more firmly. */
export async function halt(guard: Guard, postmaster: Postmaster, mode: ShutdownMode): Promise<void> {
  // After SIGQUIT the postmaster itself kills what is left after 5 seconds.
  const immediate: [ServerSignal, number][] = [
    ['QUIT', 15_000],
    ['KILL', 15_000],
  ];
  const steps: [ServerSignal, number][] = mode === 'fast' ? [['INT', 60_000], ...immediate] : immediate;
  for (const [signal, patienceMs] of steps) {
    guard.signal(signal);
    if (await settlesWithin(postmaster.exited, patienceMs)) return;
  }
  throw new OrdersyncError('precondition', `the embedded server (process ${postmaster.pid}) does not end`, {
    hint: 'a process waiting for a dead disk cannot be killed; see its state in ps',
  });
}

/** Line 8 of the lock file is the postmaster's state, as pg_ctl reads it (miscadmin.h, LOCK_FILE_LINE_PM_STATUS). */
async function isReady(dataDir: string, pid: number): Promise<boolean> {
  const lines = (await readLog(`${dataDir}/postmaster.pid`)).split('\n');
  const state = lines[7]?.trim();
  return lines[0] === String(pid) && (state === 'ready' || state === 'standby');
}

/** Not below 10000, where services live, and not above 32000, where the kernel picks the ports of outgoing connections. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(10_000, 32_000);
    if (await canListen(port)) return port;
  }
  throw new OrdersyncError('precondition', 'no free loopback port among 100 tried', {
    hint: 'see what listens on 127.0.0.1',
  });
}

async function canListen(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function isPortTaken(error: unknown): boolean {
  // Written by the server itself, in English because its messages are (initdb --lc-messages=C).
  return (
    error instanceof OrdersyncError && (error.details.body?.join('\n').includes('Address already in use') ?? false)
  );
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const settled = await Promise.race([promise.then(() => true), timeout]);
  timer.abort();
  return settled;
}

/** A file that is not there yet is empty. */
async function readLog(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
