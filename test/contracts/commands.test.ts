import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { AnyCommand } from '../../src/cli/command.ts';
import { EXIT_CODES } from '../../src/cli/exit.ts';
import { GLOBAL_OPTIONS, writerOptions } from '../../src/cli/globals.ts';
import { HELP_TOPICS } from '../../src/cli/help-topics.ts';
import { kebab } from '../../src/cli/names.ts';
import type { OptionDef, OptionSet } from '../../src/cli/options.ts';
import { commandsOf } from '../../src/cli/command-paths.ts';
import { NOUNS } from '../../src/commands/index.ts';
import { run } from '../support/io.ts';
import { allCommands, ordersyncCall, parse, pathOf } from './command-lines.ts';

const COMMANDS = await allCommands();
const HELP_COLUMNS = 80;

it('there are commands to look at', () => {
  expect(COMMANDS.length).toBeGreaterThan(10);
  expect(new Set(COMMANDS.map(({ path }) => path)).size).toBe(COMMANDS.length);
});

describe.each(COMMANDS)('$path', ({ path, command }) => {
  it('says in one line what it does', () => {
    expect(command.summary).toMatch(/^[\p{Ll}\d][^\n]*[^.\s]$/u);
  });

  it('has examples, and each of them calls it', async () => {
    expect(command.examples.length).toBeGreaterThan(0);
    const called = await Promise.all(
      command.examples.map(async (example) => pathOf(await parse(ordersyncCall(example) ?? ['?']))),
    );
    expect(called).toEqual(command.examples.map(() => path));
  });

  it('prints help with its summary, options and examples in 80 columns', async () => {
    const { code, stdout, stderr } = await run([...path.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ordersync ${path}`);
    const unbroken = stdout.replaceAll(' \\\n    ', ' ');
    for (const example of command.examples) expect(unbroken).toContain(`\n  ${example}`);
    for (const name of Object.keys(command.options ?? {})) expect(stdout).toContain(`--${kebab(name)}`);
    expect(tooWide(stdout)).toEqual([]);
  });

  it('has options that begin lower case, and names that nothing else has', () => {
    const own = Object.values<OptionDef>({ ...command.options, ...command.args });
    const summaries = own.map(({ summary }) => summary);
    expect(
      summaries.filter(
        (summary) => !/^[^\p{Ll}\d]*[\p{Ll}\d].*[^.]$/u.test(summary) || /^\p{Lu}[\p{Ll} ]/u.test(summary),
      ),
    ).toEqual([]);
    const sets: readonly OptionSet[] = [
      command.options ?? {},
      GLOBAL_OPTIONS,
      'present' in command ? writerOptions(command) : {},
      { help: GLOBAL_OPTIONS.debug, version: GLOBAL_OPTIONS.debug },
    ];
    expect(repeated(sets.flatMap((set) => Object.keys(set).map(kebab)))).toEqual([]);
    expect(repeated([...Object.keys(command.options ?? {}), ...Object.keys(command.args ?? {})])).toEqual([]);
    expect(repeated(['h', 'V', ...sets.flatMap(shortNames)])).toEqual([]);
  });
});

const VERBS = COMMANDS.filter((found): found is { path: string; command: AnyCommand } => 'present' in found.command);

describe('a command that writes', () => {
  const writers = VERBS.filter(({ command }) => command.intent !== undefined);

  it('shows its plan before it asks: plan and presentPlan come with intent', () => {
    expect(writers.length).toBeGreaterThan(0);
    const halves = VERBS.filter(
      ({ command: { plan, presentPlan, intent } }) =>
        (intent !== undefined && presentPlan === undefined) || (presentPlan !== undefined && plan === undefined),
    );
    expect(halves.map(({ path }) => path)).toEqual([]);
  });

  it.each(writers)('$path takes --dry-run, --yes and --confirm', async ({ path }) => {
    const { stdout } = await run([...path.split(' '), '--help']);
    for (const name of ['--dry-run', '-y, --yes', '--confirm <database>']) expect(stdout).toContain(name);
  });

  it.each(VERBS.filter(({ command }) => command.intent === undefined))(
    '$path is none, and takes no --yes',
    async ({ path }) => {
      expect((await run([...path.split(' '), '--help'])).stdout).not.toContain('--yes');
    },
  );
});

describe('nouns', () => {
  it.each(NOUNS)('$name has a summary in the style of the others', ({ summary }) => {
    expect(summary).toMatch(/^[\p{Ll}\d][^\n]*[^.\s]$/u);
  });

  it.each(NOUNS)('$name names each verb as the verb names itself', async ({ load }) => {
    const loaded = await load();
    if ('run' in loaded) return;
    for (const [name, verb] of Object.entries(loaded.verbs)) expect((await verb()).name).toBe(name);
  });

  it.each(NOUNS)('$name lists its verbs', async (entry) => {
    const { name } = entry;
    const { stdout } = await run([name, '--help']);
    for (const { command } of await commandsOf(entry)) {
      const { name: verb, summary } = command;
      if (verb === name) continue; // a noun without verbs
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(new RegExp(` ${verb} .*${escaped(summary)}`));
    }
    expect(tooWide(stdout)).toEqual([]);
  });
});

describe('help', () => {
  it.each(HELP_TOPICS)('on %s is 80 columns wide and the same under both spellings', async (topic) => {
    const { code, stdout } = await run(['help', topic]);
    expect(code).toBe(0);
    expect(tooWide(stdout)).toEqual([]);
    expect((await run(['--help', topic])).stdout).toBe(stdout);
  });

  it('names every topic, in 80 columns', async () => {
    const { stdout } = await run(['--help']);
    for (const topic of HELP_TOPICS) expect(stdout).toContain(topic);
    expect(tooWide(stdout)).toEqual([]);
  });

  it('on exit-codes is the table that the program goes by', async () => {
    const { stdout } = await run(['help', 'exit-codes']);
    const lines = stdout
      .trim()
      .split('\n')
      .slice(2)
      .join('\n')
      .replaceAll(/\n {7}/g, ' ')
      .split('\n');
    expect(lines).toEqual(EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`));
  });
});

const tooWide = (text: string): readonly string[] =>
  text.split('\n').filter((line) => stringWidth(line) > HELP_COLUMNS);
const shortNames = (set: OptionSet): string[] => Object.values(set).flatMap(({ short }) => short ?? []);
const repeated = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index);
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
