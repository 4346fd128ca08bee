import { POSTGRES_VERSIONS } from '../embedded/version.ts';
import type { ExitCode } from './exit.ts';
import type { GlobalName } from './globals.ts';
import type { Io } from './io.ts';
import type { OptionSet } from './options.ts';
import { option } from './options.ts';

/** Runs one more command line, as if it had been typed. */
export type Execute = (argv: readonly string[], io: Io) => Promise<ExitCode>;

/** A command about the program itself: it needs no database and may run other commands. */
export interface Builtin {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly options: OptionSet;
  readonly args: OptionSet;
  /** The global options that mean something to it; the others are refused. */
  readonly globals: readonly GlobalName[];
  readonly examples: readonly string[];
  readonly run: (io: Io, call: Omit<BuiltinCall, 'builtin'>, execute: Execute) => Promise<ExitCode>;
}

export interface BuiltinCall {
  readonly builtin: Builtin;
  readonly request: Readonly<Record<string, unknown>>;
  /** The global options that were given, as words of a command line: `--format=json`. */
  readonly globals: readonly string[];
}

const completion: Builtin = {
  name: 'completion',
  summary: 'print the completion script of a shell',
  options: {},
  args: { shell: option.choice(['bash', 'zsh', 'fish'], 'which shell', { required: true }) },
  globals: ['color', 'noColor', 'debug'],
  examples: ['source <(ordersync completion bash)'],
  run: async (io, { request }) => {
    const { completionScript } = await import('./completion.ts');
    io.stdout.write(await completionScript(request['shell'] as 'bash' | 'zsh' | 'fish', BUILTINS)); // parsed as that choice
    return 0;
  },
};

const demo: Builtin = {
  name: 'demo',
  summary: 'the whole tour on a private, embedded PostgreSQL',
  description:
    'Starts a PostgreSQL in a temporary directory, runs real commands against it, and leaves nothing behind.',
  options: {
    keep: option.flag('leave the server running and print its URL'),
    postgres: option.choice(['15', '16', '17', '18'], 'major version of the server', { default: '18' }),
  },
  args: {},
  globals: ['format', 'progress', 'color', 'noColor', 'verbose', 'debug'],
  examples: ['ordersync demo', 'ordersync demo --keep'],
  run: async (io, { request, globals }, execute) => {
    const { runDemo } = await import('./demo.ts');
    const version = POSTGRES_VERSIONS.find((candidate) => String(candidate) === request['postgres']);
    return runDemo(io, { keep: request['keep'] === true, version: version ?? 18, globals }, execute);
  },
};

export const BUILTINS: readonly Builtin[] = [demo, completion];
