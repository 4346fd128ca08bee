import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The program as it is installed. */
export const BIN = join(ROOT, 'bin/ordersync.js');

export interface Ended {
  /** Exit status, or undefined when a signal ended the process. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Gets the running program; its stdin then stays open. */
  readonly onStart?: (child: Running) => void;
}

export interface Running {
  kill(signal: 'SIGINT' | 'SIGTERM'): void;
  /** Writes to stdin, which stays open. */
  type(keys: string): void;
  /** Everything on stdout so far. */
  stdout(): string;
  stderr(): string;
}

/** Builds before the file's first test; nothing is done when `npm test` has built already. */
export function useBuild(): void {
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.js')], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the build failed: ${stdout}${stderr}`);
  });
}

/** Runs bin/ordersync.js in a process of its own, with no other environment than PATH, NODE_ENV=test and what is given. */
export function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return runFile(process.execPath, [BIN, ...argv], options);
}

/** Runs a line of shell in which `ordersync` is the program; for pipes and redirections. */
export function runShell(line: string, options: ProgramOptions = {}): Promise<Ended> {
  return runFile('/bin/sh', ['-c', `ordersync() { "${process.execPath}" "${BIN}" "$@"; }\n${line}`], options);
}

/** Runs any program and collects what it writes. */
export async function runFile(file: string, argv: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const child = spawn(file, argv, {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', NODE_ENV: 'test', ...options.env },
    stdio: 'pipe',
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  child.stdin.on('error', () => {}); // a program that does not read its input may end before it is written
  if (options.onStart === undefined) child.stdin.end(options.stdin ?? '');
  options.onStart?.({
    kill: (signal) => void child.kill(signal),
    type: (keys) => void child.stdin.write(keys),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? undefined, ...text };
}
