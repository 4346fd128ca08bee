import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const OPTIONS =
  '--ignoreConfig --module nodenext --target es2023 --types node --skipLibCheck --rewriteRelativeImportExtensions';

export interface BuiltStores {
  /** Runs a program that may import `./store/…` in a process of its own, because it is going to be killed or starved. */
  start(program: string, options: ProgramOptions): ChildProcess;
  /** Waits for its end. */
  run(program: string, options: ProgramOptions): Promise<{ readonly signal: string | null; readonly stdout: string }>;
}

export interface ProgramOptions {
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  /** A line of shell in which "$@" is the program: `ulimit -f 1; exec "$@"`. */
  readonly under?: string;
}

/** The stores, compiled into a folder for all tests of a file. */
export function useBuiltStores(entries: readonly string[]): BuiltStores {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ordersync-built-'));
    chmodSync(folder, 0o755);
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const files = entries.map((entry) => path.join(ROOT, 'src', entry));
    const argv = [compiler, ...files, ...OPTIONS.split(' '), '--rootDir', path.join(ROOT, 'src'), '--outDir', folder];
    const compiled = spawnSync(process.execPath, argv, { cwd: ROOT, encoding: 'utf8' });
    if (compiled.status !== 0) throw new Error(compiled.stdout);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let programs = 0;
  const start: BuiltStores['start'] = (program, { args, env = {}, uid, under = 'exec "$@"' }) => {
    const file = path.join(folder, `program-${(programs += 1)}.js`);
    writeFileSync(file, program);
    return spawn('/bin/sh', ['-c', under, 'sh', process.execPath, file, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(uid === undefined ? {} : { uid }),
    });
  };
  return {
    start,
    run: async (program, options) => {
      const child = start(program, options);
      let stdout = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      const [, signal] = (await once(child, 'close')) as [number | null, string | null];
      return { signal, stdout };
    },
  };
}
