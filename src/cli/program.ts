import { Argument, Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander';
import { NOUNS } from '../commands/index.ts';
import { OrdersyncError } from '../errors.ts';
import type { AnyCommand, Noun } from './command.ts';
import type { ExitCode } from './exit.ts';
import type { GlobalValues, WriterValues } from './globals.ts';
import { GLOBAL_OPTIONS, WRITER_OPTIONS } from './globals.ts';
import type { Io } from './io.ts';
import { kebab } from './names.ts';
import type { OptionDef, OptionSet } from './options.ts';
import type { Invocation } from './run.ts';

/** What parsing decided to do: run a command, or nothing more because help was printed. */
export type Parsed =
  | { readonly kind: 'run'; readonly invocation: Invocation }
  | { readonly kind: 'done'; readonly code: ExitCode };

/** argv (without node and script) → one invocation. Wrong words throw OrdersyncError('usage'). */
export async function parseArguments(argv: readonly string[], io: Io): Promise<Parsed> {
  let invocation: Invocation | undefined;
  const program = await buildProgram(argv, io, (chosen) => {
    invocation = chosen;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || error.code === 'commander.help') return { kind: 'done', code: 0 };
    throw new OrdersyncError('usage', error.message.replace(/^error: /, ''), { hint: `see ${usageOf(argv)} --help` });
  }
  return invocation === undefined ? { kind: 'done', code: 0 } : { kind: 'run', invocation };
}

/** The commander tree; only the nouns that argv mentions are loaded with their verbs. */
async function buildProgram(
  argv: readonly string[],
  io: Io,
  choose: (invocation: Invocation) => void,
): Promise<Commander> {
  const program = new Commander('ordersync')
    .description('Operations toolkit for PostgreSQL databases with column-level encryption')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => undefined, // errors are thrown, and printed in one place
      getOutHelpWidth: () => io.stdout.columns ?? 80,
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .option('-V, --version', 'print the version');
  addOptions(program, GLOBAL_OPTIONS);
  for (const entry of NOUNS) {
    const target = program.command(entry.name).summary(entry.summary).helpGroup(`Commands (${entry.audience}):`);
    if (!argv.includes(entry.name)) {
      target.description(entry.summary);
      continue;
    }
    const loaded = await entry.load();
    if (isNoun(loaded)) addVerbs(target, loaded, choose);
    else addCommand(target, entry.name, loaded, choose);
  }
  addCompletion(program, io);
  program.helpCommand('help [command]', 'help for a command, or for exit-codes, connection, configuration, output');
  program.action(() => program.help());
  return program;
}

function addCompletion(program: Commander, io: Io): void {
  const shells = ['bash', 'zsh', 'fish'] as const;
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .helpGroup('Commands (everyone):')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(async (shell: (typeof shells)[number]) => {
      const { completionScript } = await import('./completion.ts');
      io.stdout.write(await completionScript(shell, NOUNS));
    });
}

function isNoun(loaded: Noun | AnyCommand): loaded is Noun {
  return 'commands' in loaded;
}

function addVerbs(target: Commander, noun: Noun, choose: (invocation: Invocation) => void): void {
  target.description(noun.summary);
  for (const command of noun.commands)
    addCommand(target.command(command.name), `${noun.name} ${command.name}`, command, choose);
  target.action(() => target.help());
}

function addCommand(
  target: Commander,
  path: string,
  command: AnyCommand,
  choose: (invocation: Invocation) => void,
): void {
  const options: OptionSet = command.options ?? {};
  const args: OptionSet = command.args ?? {};
  target.summary(command.summary).description(command.description ?? command.summary);
  for (const [name, definition] of Object.entries(args)) target.addArgument(argumentOf(name, definition));
  addOptions(target, options);
  const writes = command.intent !== undefined;
  if (writes) addOptions(target, WRITER_OPTIONS);
  target.addHelpText('after', ['', 'Examples:', ...command.examples.map((line: string) => `  ${line}`)].join('\n'));
  target.action(() => {
    const raw = target.optsWithGlobals<Record<string, unknown>>();
    const request = { ...valuesOf(options, raw), ...positionals(args, target.processedArgs) };
    choose({
      path,
      command,
      request,
      globals: valuesOf(GLOBAL_OPTIONS, raw) as unknown as GlobalValues, // built from the very definitions it is typed by
      answers: (writes
        ? valuesOf(WRITER_OPTIONS, raw)
        : { dryRun: false, yes: false, confirm: undefined }) as WriterValues,
    });
  });
}

function addOptions(target: Commander, definitions: OptionSet): void {
  for (const [name, definition] of Object.entries(definitions)) {
    const long = `--${kebab(name)}${definition.placeholder === undefined ? '' : ` <${definition.placeholder}>`}`;
    const made = new Option(
      definition.short === undefined ? long : `-${definition.short}, ${long}`,
      definition.summary,
    );
    if (definition.placeholder !== undefined) made.argParser(parserOf(definition));
    if (definition.required) made.makeOptionMandatory();
    if (definition.describeDefault !== undefined) made.default(definition.default, definition.describeDefault);
    target.addOption(made);
  }
}

function argumentOf(name: string, definition: OptionDef): Argument {
  const made = new Argument(definition.required ? `<${kebab(name)}>` : `[${kebab(name)}]`, definition.summary);
  return made.argParser(parserOf(definition));
}

function parserOf(definition: OptionDef): (text: string, previous: unknown) => unknown {
  return (text, previous) => {
    const value = parseOrExplain(definition, text);
    if (!definition.repeatable) return value;
    return previous === definition.default ? [value] : [...((previous as readonly unknown[] | undefined) ?? []), value];
  };
}

function parseOrExplain(definition: OptionDef, text: string): unknown {
  try {
    return definition.parse(text);
  } catch (error) {
    if (error instanceof OrdersyncError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function valuesOf(definitions: OptionSet, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, valueOf(name, definition, raw)]),
  );
}

/** commander stores `--no-color` as color = false, beside `--color` as color = true. */
function valueOf(name: string, definition: OptionDef, raw: Readonly<Record<string, unknown>>): unknown {
  const negated = /^no([A-Z])(.*)$/.exec(name);
  if (negated !== null) return raw[`${negated[1]?.toLowerCase()}${negated[2]}`] === false;
  if (definition.placeholder === undefined) return raw[name] === true;
  return raw[name] ?? definition.default;
}

function positionals(args: OptionSet, values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([name, definition], index) => [name, values[index] ?? definition.default]),
  );
}

function usageOf(argv: readonly string[]): string {
  const noun = NOUNS.find(({ name }) => argv.includes(name));
  return noun === undefined ? 'ordersync' : `ordersync ${noun.name}`;
}
