import { startEmbedded } from '../embedded/server.ts';
import type { EmbeddedServer } from '../embedded/server.ts';
import type { PostgresVersion } from '../embedded/version.ts';
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
  { why: 'what is applied, and that no applied file was edited since', argv: ['migrate', 'status'] },
  {
    why: 'the files against the ledger, and the live catalogue against the files',
    argv: ['migrate', 'verify', '--schema'],
  },
];

const NEXT = [
  ['ordersync migrate plan', 'the SQL that would run, before it runs'],
  ['ordersync migrate lint', 'unsafe DDL, with the safe form'],
  ['ordersync migrate new add_loyalty_points', 'a pair of files for the next migration'],
  ['ordersync migrate verify --rehearse', 'up, down and up again on a scratch database'],
  ['ordersync help connection', 'how to name your own database'],
] as const;

export interface DemoRequest {
  readonly keep: boolean;
  readonly version: PostgresVersion;
}

/** Starts a private server, runs the steps on it, and removes it, whether they end, fail or are interrupted. */
export async function runDemo(io: Io, request: DemoRequest, execute: Execute): Promise<ExitCode> {
  const terminal = terminalOf(io.stderr, io.env);
  const style = await styleOf(terminal);
  const say = (line: string): void => void io.stderr.write(`${line}\n`);
  const interrupts = listenForInterrupts(io, say);
  say(style.dim(`starting a private PostgreSQL ${request.version} in a temporary directory …`));
  let server: EmbeddedServer | undefined;
  try {
    server = await startEmbedded({ version: request.version, signal: interrupts.signal });
    say(
      `${style.ok(terminal.unicode ? '✔' : 'ok')} PostgreSQL ${request.version} listens on ${server.host}:${server.port}`,
    );
    interrupts.dispose(); // from here on each command listens for itself
    const code = await runSteps(io, server, { execute, say, style });
    if (code !== 0) return code;
    await finish(server, request, { say, style });
    server = request.keep ? undefined : server;
    return 0;
  } finally {
    interrupts.dispose();
    await server?.stop();
  }
}

interface Narration {
  readonly say: (line: string) => void;
  readonly style: Style;
}

async function runSteps(
  io: Io,
  server: EmbeddedServer,
  narration: Narration & { execute: Execute },
): Promise<ExitCode> {
  const { execute, say, style } = narration;
  const env = { ...withoutConnection(io.env), ORDERSYNC_DATABASE_URL: server.url };
  for (const [index, { why, argv }] of STEPS.entries()) {
    say('');
    say(`${style.bold(`${index + 1}/${STEPS.length}  $ ordersync ${argv.join(' ')}`)}   ${style.dim(`# ${why}`)}`);
    const code = await execute(argv, { ...io, env });
    if (code !== 0) return code;
  }
  return 0;
}

/** The tour must never touch the database that the visitor's own environment names. */
function withoutConnection(env: Io['env']): Record<string, string | undefined> {
  const foreign = /^(PG|ORDERSYNC_)|^DATABASE_URL$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

async function finish(server: EmbeddedServer, request: DemoRequest, { say, style }: Narration): Promise<void> {
  say('');
  say(style.bold('What to try next'));
  const width = Math.max(...NEXT.map(([command]) => command.length));
  for (const [command, what] of NEXT) say(`  ${command.padEnd(width)}   ${style.dim(what)}`);
  say('');
  if (!request.keep) {
    say(style.dim('the server and its directory are removed now; ordersync demo --keep leaves them running'));
    return;
  }
  // A throw-away server's URL: printing it, password included, is what --keep is for.
  say(`the server stays:   export ORDERSYNC_DATABASE_URL='${server.url}'`);
  say(`to end it:          ${await server.keep()}`);
}
