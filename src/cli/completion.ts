import { NOUNS } from '../commands/index.ts';
import type { NounEntry } from '../commands/index.ts';
import type { Builtin } from './builtins.ts';
import { commandsOf } from './command-paths.ts';
import type { AnyCommand } from './command.ts';
import { GLOBAL_OPTIONS, writerOptions } from './globals.ts';
import { kebab } from './names.ts';
import type { OptionSet } from './options.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** What may follow a path of words: `''` is the top, `migrate` a noun, `migrate up` a verb. */
interface Level {
  readonly path: string;
  readonly words: readonly Entry[];
  readonly options: readonly (Entry & { readonly choices: readonly string[]; readonly takesValue: boolean })[];
}
interface Entry {
  readonly name: string;
  readonly summary: string;
}

/** The completion script of one shell, made from the same definitions that parse the command line. */
export async function completionScript(shell: Shell, builtins: readonly Builtin[]): Promise<string> {
  const levels = await readLevels(builtins);
  const render = { bash, zsh, fish }[shell];
  return render(levels);
}

async function readLevels(builtins: readonly Builtin[]): Promise<Level[]> {
  const top: Level = { path: '', words: [...NOUNS, ...builtins].map(plain), options: optionsOf(GLOBAL_OPTIONS) };
  const nouns = await Promise.all(NOUNS.map(nounLevels));
  return [top, ...nouns.flat(), ...builtins.map(builtinLevel)];
}

async function nounLevels(entry: NounEntry): Promise<Level[]> {
  const commands = await commandsOf(entry);
  const levels = commands.map(({ path, command }) => verbLevel(path, command));
  if (levels.some(({ path }) => path === entry.name)) return levels;
  const words = commands.map(({ command }) => plain(command));
  return [{ path: entry.name, words, options: optionsOf(GLOBAL_OPTIONS) }, ...levels];
}

function builtinLevel({ name, args, options }: Builtin): Level {
  return { path: name, words: choicesOf(args), options: optionsOf(options) };
}

function verbLevel(path: string, command: AnyCommand): Level {
  const own: OptionSet = command.options ?? {};
  const options = optionsOf({ ...own, ...writerOptions(command), ...GLOBAL_OPTIONS });
  return { path, words: choicesOf(command.args ?? {}), options };
}

function choicesOf(args: OptionSet): readonly Entry[] {
  return Object.values(args).flatMap(({ choices = [] }) =>
    choices.map((choice) => ({ name: choice, summary: choice })),
  );
}

function optionsOf(set: OptionSet): Level['options'] {
  return Object.entries(set).map(([name, { summary, choices = [], placeholder }]) => ({
    name: `--${kebab(name)}`,
    summary,
    choices,
    takesValue: placeholder !== undefined,
  }));
}

const plain = ({ name, summary }: Entry): Entry => ({ name, summary });
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(levels: readonly Level[]): string {
  const cases = levels.map(({ path, words, options }) => {
    const all = [...words, ...options].map(({ name }) => name).join(' ');
    return `    ${quote(path)}) candidates=${quote(all)} ;;`;
  });
  const values = valueCases(
    levels,
    ([name, choices]) => `    ${name}) COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$current")); return ;;`,
  );
  // readline takes the = of --format=json for a word of its own
  return `# ordersync completion for bash: source <(ordersync completion bash)
_ordersync() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' word candidates=''
  COMPREPLY=()
  if [[ $current == = ]]; then current=''; fi
  if [[ $previous == = ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  case "$previous" in
${values.join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${levels
      .map(({ path }) => path.replace(' ', '+'))
      .filter(Boolean)
      .join(' ')} " in
      *" \${path:+$path+}$word "*) path="\${path:+$path+}$word" ;;
    esac
  done
  case "\${path/+/ }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F _ordersync ordersync
`;
}

const describe = ({ name, summary }: Entry): string => quote(`${name.replaceAll(':', String.raw`\:`)}:${summary}`);

function zsh(levels: readonly Level[]): string {
  const cases = levels.map(
    ({ path, words, options }) =>
      `    ${quote(path)}) candidates=(${[...words, ...options].map(describe).join(' ')}) ;;`,
  );
  const values = valueCases(levels, ([name, choices]) => `    ${name}) compadd -- ${choices.join(' ')}; return ;;`);
  return `#compdef ordersync
# ordersync completion for zsh: ordersync completion zsh > "\${fpath[1]}/_ordersync"
_ordersync() {
  local word chosen=''
  local -a candidates
  local -A known=(${levels
    .map(({ path }) => `${quote(path)} 1`)
    .filter((text) => text !== "'' 1")
    .join(' ')})
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    (( \${+known[\${chosen:+$chosen }$word]} )) && chosen="\${chosen:+$chosen }$word"
  done
  case "$chosen" in
${cases.join('\n')}
  esac
  _describe 'ordersync' candidates
}
# Loaded from fpath this file is the body of the function; sourced, it only defines it.
if [[ \${funcstack[1]-} == _ordersync ]]; then _ordersync "$@"; else compdef _ordersync ordersync; fi
`;
}

/**
 * One case line for every option that takes a value, whatever command it belongs to; the first definition wins. Without
 * choices the line offers nothing: neither commands nor options can be the value.
 */
function valueCases(levels: readonly Level[], line: (option: [string, readonly string[]]) => string): string[] {
  const known = new Map<string, readonly string[]>();
  for (const { name, choices, takesValue } of levels.flatMap(({ options }) => options)) {
    if (takesValue && !known.has(name)) known.set(name, choices);
  }
  const free = [...known].filter(([, choices]) => choices.length === 0).map(([name]) => name);
  const chosen = [...known].filter(([, choices]) => choices.length > 0).map(line);
  return free.length === 0 ? chosen : [...chosen, `    ${free.join('|')}) return ;;`];
}

function fish(levels: readonly Level[]): string {
  const lines = levels.flatMap((level) => {
    const offered = fishCondition(level.path, level.words);
    const words = level.words.map(
      ({ name, summary }) => `complete -c ordersync -n ${quote(offered)} -f -a ${name} -d ${quote(summary)}`,
    );
    // Behind a verb its options take over; behind an argument they go on.
    const isVerb = ({ name }: Entry): boolean => levels.some(({ path }) => path === `${level.path} ${name}`);
    const condition = fishCondition(level.path, level.words.filter(isVerb));
    const options = level.options.map(({ name, summary, choices, takesValue }) => {
      const value = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : '';
      return `complete -c ordersync -n ${quote(condition)} -l ${name.slice(2)}${value} -d ${quote(summary)}`;
    });
    return [...words, ...options];
  });
  return `# ordersync completion for fish: ordersync completion fish > ~/.config/fish/completions/ordersync.fish
${lines.join('\n')}
`;
}

function fishCondition(path: string, words: readonly Entry[]): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const notYet =
    words.length === 0 ? [] : [`not __fish_seen_subcommand_from ${words.map(({ name }) => name).join(' ')}`];
  return [...seen, ...notYet].join('; and ');
}
