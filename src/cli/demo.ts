import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openSession } from '../db/connect.ts';
import { resolveConnection } from '../db/settings/resolve.ts';
import type { EncryptedName } from '../domain/demo/queries.ts';
import { readOneName } from '../domain/demo/queries.ts';
import { startEmbedded } from '../embedded/server.ts';
import type { EmbeddedServer } from '../embedded/server.ts';
import type { PostgresVersion } from '../embedded/version.ts';
import { OrdersyncError } from '../errors.ts';
import { styleOf } from '../output/style.ts';
import type { Style } from '../output/style.ts';
import { terminalOf } from '../output/terminal.ts';
import type { Execute } from './builtins.ts';
import type { ExitCode } from './exit.ts';
import { listenForInterrupts } from './interrupt.ts';
import type { Io } from './io.ts';

interface Step {
  readonly why: string;
  readonly argv: readonly string[];
}

/** Every step is a command line that a reader can type; nothing in the tour is done behind the scenes. */
const STEPS: readonly Step[] = [
  { why: 'the whole schema, one transaction per file, each recorded in the ledger', argv: ['migrate', 'up'] },
  {
    why: 'the files against the ledger, and the live catalogue against the files',
    argv: ['migrate', 'verify', '--schema'],
  },
  { why: 'a file that wraps keys; in production AWS KMS can do that', argv: ['key', 'keyring', 'init'] },
  { why: 'a data key for each kind of data, and the keys of the blind indexes', argv: ['key', 'create'] },
  { why: 'customers, orders, payments and attacks of half a year, encrypted', argv: ['seed', '--scale', 'small'] },
  {
    // Nobody else writes here: no grace for cached keys, no pause for others; and the key is seconds old.
    why: 'a new key for personal data, and every value re-encrypted under it; a service would go on meanwhile',
    argv: ['key', 'rotate', '--type', 'pii', '--if-older-than', '0', '--grace', '0', '--full-speed'],
  },
  { why: 'every value decrypted with OpenSSL, every nonce counted', argv: ['key', 'verify'] },
  {
    why: 'old months leave as Parquet with a signed manifest; each is dropped only when its root is proven once more',
    argv: ['archive', 'run', '--older-than', '4 months', '--yes'],
  },
];

const NEXT = [
  ['ordersync key status', 'which key every column is under, and when a rotation is due'],
  ['ordersync migrate plan', 'the SQL that would run, before it runs'],
  ['ordersync migrate lint', 'unsafe DDL, with the safe form'],
  ['ordersync migrate new add_loyalty_points', 'a pair of files for the next migration'],
  ['ordersync migrate verify --rehearse', 'up, down and up again on a scratch database'],
  ['ordersync check', 'the deployment checklist: verdict, evidence and fix'],
  ['ordersync monitor top', 'what runs, blocks and takes the time, on a full screen'],
  ['ordersync security failed-logins', 'the attacks that are planted in the demo data'],
  ['ordersync help connection', 'how to name your own database'],
] as const;

export interface DemoRequest {
  readonly keep: boolean;
  readonly version: PostgresVersion;
  /** Options for every step: `--format=json`. */
  readonly globals: readonly string[];
}

/** Starts a private server, runs the steps on it, and removes it, whether they end, fail or are interrupted. */
export async function runDemo(io: Io, request: DemoRequest, execute: Execute): Promise<ExitCode> {
  const { globals } = request;
  const color = globals.includes('--no-color') ? false : globals.includes('--color') || undefined;
  const terminal = terminalOf(io.stderr, io.env, { color });
  const style = await styleOf(terminal);
  const say = (line: string): void => void io.stderr.write(`${line}\n`);
  const interrupts = listenForInterrupts(io, say);
  say(style.dim(`starting a private PostgreSQL ${request.version} in a temporary directory …`));
  const folder = await mkdtemp(join(tmpdir(), 'ordersync-demo-'));
  let server: EmbeddedServer | undefined;
  let keep = false;
  try {
    server = await startEmbedded({ version: request.version, signal: interrupts.signal });
    say(
      `${style.ok(terminal.unicode ? '✔' : 'ok')} PostgreSQL ${request.version} listens on ${server.host}:${server.port}`,
    );
    interrupts.dispose(); // from here on each command listens for itself
    const visit: Visit = { io, env: await environmentOf(io, server, folder), execute, say, style, globals };
    const code = (await runSteps(visit)) || (await showOneValue(visit));
    if (code !== 0) return code;
    sayWhatIsNext(visit);
    if (request.keep) await leaveRunning(visit, server, folder);
    else say(style.dim('the server and its directory are removed now; ordersync demo --keep leaves them running'));
    keep = request.keep;
    return 0;
  } finally {
    interrupts.dispose();
    if (!keep) {
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

interface Visit {
  readonly io: Io;
  readonly env: Io['env'];
  readonly execute: Execute;
  readonly say: (line: string) => void;
  readonly style: Style;
  readonly globals: readonly string[];
}

/** The private server, a keyring of its own that 32 random bytes in a file open, and a directory for archives. */
async function environmentOf(io: Io, server: EmbeddedServer, folder: string): Promise<Io['env']> {
  const keyFile = join(folder, 'keyring.key');
  const archive = join(folder, 'archive');
  await mkdir(archive, { mode: 0o700 });
  await writeFile(keyFile, randomBytes(32), { mode: 0o600 });
  return {
    ...withoutConnection(io.env),
    ORDERSYNC_DATABASE_URL: server.url,
    ORDERSYNC_KEY_PROVIDER: 'local',
    ORDERSYNC_KEYRING: join(folder, 'keyring.json'),
    ORDERSYNC_KEYRING_KEY_FILE: keyFile,
    ORDERSYNC_ARCHIVE: archive,
  };
}

async function runSteps(visit: Visit): Promise<ExitCode> {
  for (const [index, { why, argv }] of STEPS.entries()) {
    const code = await step(visit, `${index + 1}/${STEPS.length + 1}`, { why, argv }, visit.io.stdin);
    if (code !== 0) return code;
  }
  return 0;
}

async function step(
  { io, env, execute, say, style, globals }: Visit,
  number: string,
  { why, argv }: Step,
  stdin: Io['stdin'],
): Promise<ExitCode> {
  const words = [...argv, ...globals];
  say('');
  say(`${style.bold(`${number}  $ ordersync ${words.join(' ')}`)}   ${style.dim(`# ${why}`)}`);
  return execute(words, { ...io, env, stdin });
}

/** One value as the table holds it, and as its key reads it. */
async function showOneValue(visit: Visit): Promise<ExitCode> {
  const { env, say, style } = visit;
  const { id, value } = await readStoredName(env);
  say('');
  say(`users.name_encrypted of ${id} is ${style.dim(value)}`);
  const argv = ['key', 'decrypt', '-t', 'users', '-c', 'name_encrypted', '--id', id, '--reason', 'demo'];
  const why = 'the value comes by standard input; who read it, and why, is in audit_logs';
  return step(visit, `${STEPS.length + 1}/${STEPS.length + 1}`, { why, argv }, Readable.from([value]));
}

/** The tour must never touch the database that the visitor's own environment names. */
function withoutConnection(env: Io['env']): Record<string, string | undefined> {
  const foreign = /^(PG|ORDERSYNC_)|^DATABASE_URL$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

async function readStoredName(env: Io['env']): Promise<EncryptedName> {
  const settings = resolveConnection({ flags: {}, env });
  const session = await openSession(settings, { applicationName: 'ordersync demo' });
  try {
    const name = await readOneName(session.sql);
    if (name === undefined) throw new OrdersyncError('unhealthy', 'the demo data holds no customer with a name');
    return name;
  } finally {
    await session.close();
  }
}

function sayWhatIsNext({ say, style }: Visit): void {
  say('');
  say(style.bold('What to try next'));
  const width = Math.max(...NEXT.map(([command]) => command.length));
  for (const [command, what] of NEXT) say(`  ${command.padEnd(width)}   ${style.dim(what)}`);
  say('');
}

async function leaveRunning({ env, say }: Visit, server: EmbeddedServer, folder: string): Promise<void> {
  const names = ['ORDERSYNC_DATABASE_URL', 'ORDERSYNC_KEY_PROVIDER', 'ORDERSYNC_KEYRING', 'ORDERSYNC_KEYRING_KEY_FILE'];
  say('the server stays:');
  // A throw-away server's URL: printing it, password included, is what --keep is for.
  for (const name of names) say(`  export ${name}='${env[name]}'`);
  say(`to end it: ${await server.keep()} && rm -r ${folder}`);
}
