import type { Command as Commander } from 'commander';
import { OrdersyncError } from '../errors.ts';
import type { Builtin } from './builtins.ts';
import type { GlobalName } from './globals.ts';
import { GLOBAL_OPTIONS } from './globals.ts';
import { kebab } from './names.ts';

/** Has the help of a built-in command list those global options only that it honours. */
export function honoursOnly(target: Commander, honoured: readonly GlobalName[]): void {
  const flags = new Set(honoured.map(flagOf));
  target.configureHelp({
    ...target.configureHelp(),
    visibleGlobalOptions: (command) => command.parent?.options.filter(({ long }) => flags.has(long ?? '')) ?? [],
  });
}

/**
 * The global options that were given to a built-in command, as words that other command lines can be given.
 * @throws OrdersyncError usage for one that would have no effect
 */
export function givenGlobals(target: Commander, { name, globals }: Pick<Builtin, 'name' | 'globals'>): string[] {
  const given = namesOf(GLOBAL_OPTIONS).filter((option) => wasGiven(target.parent, option));
  const ignored = given.filter((option) => !globals.includes(option)).map(flagOf);
  if (ignored.length > 0) {
    throw new OrdersyncError('usage', `${name} has no use for ${ignored.join(', ')}`, {
      hint: `see ordersync ${name} --help`,
    });
  }
  return given.map((option) => {
    const value: unknown = target.parent?.getOptionValue(option);
    return GLOBAL_OPTIONS[option].placeholder === undefined ? flagOf(option) : `${flagOf(option)}=${String(value)}`;
  });
}

/** commander keeps `--no-color` as color = false. */
function wasGiven(program: Commander | null, option: GlobalName): boolean {
  const key = option === 'noColor' ? 'color' : option;
  if (program?.getOptionValueSource(key) !== 'cli') return false;
  return key !== 'color' || program.getOptionValue('color') === (option === 'color');
}

function namesOf(options: typeof GLOBAL_OPTIONS): GlobalName[] {
  return Object.keys(options) as GlobalName[]; // its own keys are all it has
}

function flagOf(option: GlobalName): string {
  return `--${kebab(option)}`;
}
