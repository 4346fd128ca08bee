import { Command as Commander, CommanderError } from 'commander';
import { NOUNS } from '../commands/index.ts';
import { OrdersyncError } from '../errors.ts';
import { version } from '../version.ts';
import { BUILTINS } from './builtins.ts';
import type { Builtin, BuiltinCall } from './builtins.ts';
import { loadVerbs, VERDICT_FORMATS } from './command.ts';
import type { AnyCommand } from './command.ts';
import { addArguments, addOptions, positionals, valuesOf } from './commander-options.ts';
import type { ExitCode } from './exit.ts';
import { givenGlobals, honoursOnly } from './builtin-globals.ts';
import type { GlobalValues } from './globals.ts';
import { GLOBAL_OPTIONS, writerOptions } from './globals.ts';
import { HELP_TOPICS } from './help-topics.ts';
import type { Io } from './io.ts';
import type { OptionSet } from './options.ts';
import type { Invocation } from './run.ts';

/** What parsing decided to do: run a command, run a built-in, or nothing more because help was printed. */
export type Parsed =
  | { readonly kind: 'run'; readonly invocation: Invocation }
  | { readonly kind: 'builtin'; readonly call: BuiltinCall }
  | { readonly kind: 'done'; readonly code: ExitCode };

type Choose = (parsed: Parsed) => void;

/** argv (without node and script) → what to do. Wrong words throw OrdersyncError('usage'). */
export async function parseArguments(argv: readonly string[], io: Io): Promise<Parsed> {
  let chosen: Parsed = { kind: 'done', code: 0 };
  const program = await buildProgram(argv, io, (parsed) => {
    chosen = parsed;
  });
  try {
    await program.parseAsync(helpAsOption(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || error.code === 'commander.help') return { kind: 'done', code: 0 };
    throw new OrdersyncError('usage', error.message.replace(/^error: /, ''), { hint: `see ${usageOf(argv)} --help` });
  }
  return chosen;
}

/** `help migrate up` → `migrate up --help`; commander's own help command knows one word only and never says no. */
function helpAsOption(argv: readonly string[]): string[] {
  const [first, topic, ...rest] = argv;
  if (first !== 'help' || topic === undefined) return [...argv];
  const known = [...NOUNS, ...BUILTINS].map(({ name }) => name);
  if (topic.startsWith('-') || known.includes(topic)) return [topic, ...rest, '--help'];
  throw new OrdersyncError('usage', `there is no help for "${topic}"`, {
    hint: `there is for ${[...known, ...HELP_TOPICS].join(', ')}`,
  });
}

/** The commander tree; only the nouns that argv mentions are loaded with their verbs. */
async function buildProgram(argv: readonly string[], io: Io, choose: Choose): Promise<Commander> {
  const program = createRoot(io);
  for (const entry of NOUNS) {
    const target = program.command(entry.name).summary(entry.summary).helpGroup(`Commands (${entry.audience}):`);
    target.description(entry.summary);
    if (!argv.includes(entry.name)) continue;
    const loaded = await entry.load();
    if ('run' in loaded) addCommand(target, entry.name, loaded, choose);
    else addVerbs(target, entry.name, await loadVerbs(loaded, argv), choose);
  }
  for (const builtin of BUILTINS) addBuiltin(program.command(builtin.name), builtin, choose);
  return program;
}

function createRoot(io: Io): Commander {
  const program = new Commander('ordersync')
    .description('Operations toolkit for PostgreSQL databases with column-level encryption')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stdout.write(text), // only the help of a noun without a verb comes this way
      outputError: () => undefined, // errors are thrown, and printed in one place
      getOutHelpWidth: () => helpWidth(io),
      getErrHelpWidth: () => helpWidth(io),
    })
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 20 })
    .exitOverride()
    .helpCommand('help [command]', `help for a command, or for ${HELP_TOPICS.join(', ')}`)
    .version(`ordersync ${version()}`, '-V, --version', 'print the version');
  addOptions(program, GLOBAL_OPTIONS);
  return program;
}

function addBuiltin(target: Commander, builtin: Builtin, choose: Choose): void {
  describe(target, builtin);
  target.helpGroup('Commands (everyone):');
  addArguments(target, builtin.args);
  addOptions(target, builtin.options);
  honoursOnly(target, builtin.globals);
  target.action(() => {
    const request = { ...valuesOf(builtin.options, target.opts()), ...positionals(builtin.args, target.processedArgs) };
    choose({ kind: 'builtin', call: { builtin, request, globals: givenGlobals(target, builtin) } });
  });
}

function addVerbs(target: Commander, noun: string, verbs: readonly AnyCommand[], choose: Choose): void {
  for (const verb of verbs) addCommand(target.command(verb.name), `${noun} ${verb.name}`, verb, choose);
}

function addCommand(target: Commander, path: string, command: AnyCommand, choose: Choose): void {
  const options: OptionSet = command.options ?? {};
  const args: OptionSet = command.args ?? {};
  const answers = writerOptions(command);
  describe(target, command);
  addArguments(target, args);
  addOptions(target, { ...options, ...answers });
  target.action(() => {
    const raw = target.optsWithGlobals<Record<string, unknown>>();
    requireFormat(command, raw['format']);
    const invocation: Invocation = {
      path,
      command,
      request: { ...valuesOf(options, raw), ...positionals(args, target.processedArgs) },
      // Built from the very definitions that the type comes from.
      globals: valuesOf(GLOBAL_OPTIONS, raw) as GlobalValues,
      answers: valuesOf(answers, raw),
    };
    choose({ kind: 'run', invocation });
  });
}

/** @throws OrdersyncError `usage` for a format of verdicts that this command has not */
function requireFormat({ formats = [] }: AnyCommand, format: unknown): void {
  const wanted = VERDICT_FORMATS.find((name) => name === format);
  if (wanted === undefined || formats.includes(wanted)) return;
  throw new OrdersyncError('usage', `this command has no format ${wanted}`, {
    hint: 'it is for commands that judge, such as ordersync check',
  });
}

function describe(
  target: Commander,
  { summary, description, examples }: Pick<AnyCommand, 'summary' | 'description' | 'examples'>,
): void {
  target.summary(summary).description(description ?? summary);
  target.addHelpText('after', ['', 'Examples:', ...examples.map((line) => `  ${broken(line)}`)].join('\n'));
}

/** A long command line over several, as a shell reads them: broken before an option or a redirection only. */
function broken(line: string): string {
  const lines: string[] = [];
  for (const part of line.split(/ (?=--?\w|[<>|])/)) {
    const last = lines.pop();
    const joined = last === undefined ? part : `${last} ${part}`;
    if (last !== undefined && joined.length > HELP_WIDTH - 6) lines.push(last, part);
    else lines.push(joined);
  }
  return lines.join(' \\\n    ');
}

/** Longer lines are harder to read; a narrower terminal gets narrower ones. */
const HELP_WIDTH = 80;

function helpWidth(io: Io): number {
  return Math.min(io.stdout.columns ?? HELP_WIDTH, HELP_WIDTH);
}

function usageOf(argv: readonly string[]): string {
  const noun = NOUNS.find(({ name }) => argv.includes(name));
  return noun === undefined ? 'ordersync' : `ordersync ${noun.name}`;
}
