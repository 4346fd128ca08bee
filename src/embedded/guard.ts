import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { OrdersyncError } from '../errors.ts';
import type { Account } from './account.ts';
import { GUARD_SCRIPT } from './guard-script.ts';

export type ServerSignal = 'INT' | 'QUIT' | 'KILL' | 'STOP' | 'CONT' | 'HUP';

/** A running postmaster, as its guard sees it. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves once no process of the server is left: with the exit status, or with undefined when the guard ended it. */
  readonly exited: Promise<number | undefined>;
}

/** The process that owns a server's directory and survives this one just long enough to remove it. */
export interface Guard {
  readonly pid: number;
  /** One step of preparation. @throws OrdersyncError `precondition` with what the step wrote, when it fails. */
  order(line: string): Promise<void>;
  start(port: number): Promise<Postmaster>;
  /** Signals the running postmaster. */
  signal(signal: ServerSignal): void;
  /** Lets go: the server outlives this process, until somebody ends the guard. */
  keep(): Promise<void>;
  /** Ends the server if it runs, removes the directory, resolves when both are done. */
  dismiss(): Promise<void>;
}

export interface GuardRequest {
  readonly account: Account;
  /** Created by the guard, and removed with everything in it. */
  readonly directory: string;
  /** A second directory of the same kind for a socket whose path would else be too long. */
  readonly socketDirectory: string | undefined;
  readonly settings: string;
}

/** @throws OrdersyncError `precondition` when the directory cannot be made. */
export async function postGuard(request: GuardRequest): Promise<Guard> {
  const { child, closed, next } = spawnGuard(request);
  let kept = false;
  const ask = async (line: string): Promise<string> => {
    if (line !== '') child.stdin.write(`${line}\n`);
    child.stdout.ref();
    return next().finally(() => child.stdout.unref());
  };
  const order = async (line: string): Promise<void> => {
    const answer = await ask(line);
    if (answer !== 'done 0') throw await failedStep(line, request.directory);
  };
  await order('');
  return {
    pid: child.pid ?? 0,
    order,
    start: async (port) => {
      const [, pid] = (await ask(`start ${port}`)).split(' ');
      const exited = next().then(
        (answer) => Number(answer.split(' ')[1]),
        () => undefined,
      );
      return { pid: Number(pid), exited };
    },
    signal: (signal) => void child.stdin.write(`${signal}\n`),
    keep: async () => {
      kept = true;
      await new Promise<void>((resolve) => child.stdin.end('keep\n', () => resolve()));
    },
    dismiss: async () => {
      child.ref();
      child.stdout.ref();
      // A guard that was told to keep the server no longer heeds the end of its orders.
      if (kept) child.kill('SIGTERM');
      child.stdin.end();
      await closed;
    },
  };
}

function spawnGuard(request: GuardRequest) {
  const { account, directory, socketDirectory, settings } = request;
  const child = spawn('/bin/sh', ['-c', 'eval "$GUARD_SCRIPT"', 'ordersync-guard', directory, socketDirectory ?? ''], {
    ...account.identity,
    cwd: '/',
    // A group of its own: Ctrl-C in a terminal reaches every process of the foreground group.
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      GUARD_SCRIPT,
      GUARD_SETTINGS: settings,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  // The reason of a write that fails is that the guard is gone, and the missing answer tells that better.
  child.stdin.on('error', () => undefined);
  // An idle guard does not keep this process alive; waiting for an answer does.
  child.unref();
  const [orders, replies] = [child.stdin as Socket, child.stdout as Socket];
  orders.unref();
  const next = answers(child, replies);
  replies.unref();
  return { child: Object.assign(child, { stdout: replies }), closed, next };
}

/** Answers in their order. */
function answers(child: ChildProcess, replies: Socket): () => Promise<string> {
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let ended: OrdersyncError | undefined;
  const end = (cause?: unknown): void => {
    ended ??= new OrdersyncError('precondition', 'the guard of the embedded server has ended', {
      hint: 'look for what ended it: a process killer, or a full disk',
      cause,
    });
    for (const answer of waiting.splice(0)) answer.reject(ended);
  };
  child.once('error', end);
  const lines = createInterface({ input: replies });
  lines.on('line', (line) => waiting.shift()?.resolve(line));
  lines.once('close', () => end());
  return () =>
    ended === undefined ? new Promise((resolve, reject) => waiting.push({ resolve, reject })) : Promise.reject(ended);
}

async function failedStep(line: string, directory: string): Promise<OrdersyncError> {
  const log = await readFile(`${directory}/setup.log`, 'utf8').catch(() => '');
  // The password is an order's argument; only the order's name may be shown.
  const step = line.split(' ')[0] || 'mkdir';
  return new OrdersyncError('precondition', `preparing the embedded server failed at ${step}`, {
    body: log.trim().split('\n').slice(-10),
    hint: `see whether ${directory} has room and may be written`,
  });
}
