import { BUILTINS } from '../../src/cli/builtins.ts';
import type { Builtin } from '../../src/cli/builtins.ts';
import { commandsOf } from '../../src/cli/command-paths.ts';
import type { AnyCommand } from '../../src/cli/command.ts';
import type { Io } from '../../src/cli/io.ts';
import type { Parsed } from '../../src/cli/program.ts';
import { parseArguments } from '../../src/cli/program.ts';
import { NOUNS } from '../../src/commands/index.ts';

export interface Registered {
  /** Words of the command, "migrate up". */
  readonly path: string;
  readonly command: AnyCommand | Builtin;
}

/** Every command there is: the verbs of every noun, then the built-ins. */
export async function allCommands(): Promise<readonly Registered[]> {
  const nouns = await Promise.all(NOUNS.map(commandsOf));
  return [...nouns.flat(), ...BUILTINS.map((command) => ({ path: command.name, command }))];
}

/** The words of the first `ordersync` call in a line of shell, without a comment, or undefined when there is none. */
export function ordersyncCall(line: string): readonly string[] | undefined {
  const call = /(?:^|[\s(])ordersync(?:\s+(.*))?$/.exec(line.replace(/(?:^|\s)#.*$/, ''))?.[1];
  if (call === undefined) return undefined;
  const words = [...call.matchAll(/'([^']*)'|"([^"]*)"|([|<>&;)]+)|[^\s'"|<>&;)]+/g)];
  const end = words.findIndex(([, , , operator]) => operator !== undefined);
  return words.slice(0, end === -1 ? undefined : end).map(([word, single, double]) => single ?? double ?? word);
}

/** Parses a command line as main does. @throws OrdersyncError `usage` as a user would see it */
export function parse(argv: readonly string[]): Promise<Parsed> {
  const discard = { write: () => true };
  return parseArguments(argv, { stdout: discard, stderr: discard, env: {}, cwd: '/' } as unknown as Io); // all that parsing uses
}

/** What a parsed line calls: `migrate up`, `demo`, or `nothing` when only help was asked for. */
export function pathOf(parsed: Parsed): string {
  if (parsed.kind === 'run') return parsed.invocation.path;
  return parsed.kind === 'builtin' ? parsed.call.builtin.name : 'nothing';
}
