import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TestContext } from 'vitest';
import { BUILTINS } from '../../src/cli/builtins.ts';
import { commandsOf } from '../../src/cli/command-paths.ts';
import { completionScript } from '../../src/cli/completion.ts';
import { option } from '../../src/cli/options.ts';
import type { NounEntry } from '../../src/commands/index.ts';
import { NOUNS } from '../../src/commands/index.ts';
import { run } from '../support/io.ts';
import { outside } from '../support/outside.ts';
import { runFile } from '../support/program.ts';
import { useFakes } from './fake.ts';

const register = useFakes();

/** What bash offers for a line with the cursor at its end, sorted. */
async function offered(context: TestContext, line: string): Promise<readonly string[]> {
  const script = await completionScript('bash', BUILTINS);
  // As readline does: words are cut at blanks and at COMP_WORDBREAKS, of which only = matters here.
  const words = line.split(/ +|(=)/).filter((word) => word !== undefined);
  const asked = `
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_ordersync
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await runFile(outside('bash', context), [
    '--norc',
    '-c',
    `set -u\n${script}${asked}`,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').filter(Boolean).toSorted();
}

describe('in bash', () => {
  it.for([
    ['ordersync mig', ['migrate']],
    ['ordersync migrate u', ['up']],
    ['ordersync migrate re', ['redo', 'repair']],
    ['ordersync --format ', ['csv', 'json', 'markdown', 'ndjson', 'table']],
    ['ordersync --format nd', ['ndjson']],
    ['ordersync --format=nd', ['ndjson']],
    ['ordersync migrate status --format j', ['json']],
    ['ordersync --verbose migrate u', ['up']],
    ['ordersync migrate up --dry', ['--dry-run']],
    ['ordersync migrate status --dry', []],
    ['ordersync completion ', ['bash', 'fish', 'zsh']],
    ['ordersync migrate up surp', []],
    ['ordersync --url ', []],
    ['ordersync --format=', ['csv', 'json', 'markdown', 'ndjson', 'table']],
  ] as const)('%j offers %j', async ([line, expected], context) => {
    expect(await offered(context, line)).toEqual(expected);
  });

  it('every noun is offered first', async (context) => {
    const names = [...NOUNS, ...BUILTINS].map(({ name }) => name);
    expect(await offered(context, 'ordersync ')).toEqual(expect.arrayContaining(names));
  });

  it('every verb is offered after its noun', async (context) => {
    for (const noun of NOUNS) {
      const commands = await commandsOf(noun);
      const verbs = commands.filter(({ path }) => path !== noun.name).map(({ command }) => command.name);
      expect(await offered(context, `ordersync ${noun.name} `)).toEqual(expect.arrayContaining(verbs));
    }
  });
});

describe.each(['zsh', 'fish'] as const)('the script of %s', (shell) => {
  it('is printed by the command', async () => {
    const { code, stdout, stderr } = await run(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(await completionScript(shell, BUILTINS));
  });

  it('is, for one command, the text that was read and approved', async () => {
    const registered = NOUNS as NounEntry[]; // readonly for the program, not for its tests
    const all = registered.splice(0);
    onTestFinished(() => {
      registered.splice(0, registered.length, ...all);
    });
    register({
      options: {
        months: option.integer("how many, the current one's included", { default: 3 }),
        deep: option.flag('all: of it'),
      },
      args: { shape: option.choice(['flat', 'tall'], 'which shape') },
    });
    await expect(await completionScript(shell, [])).toMatchFileSnapshot(`completion.${shell}.txt`);
  });

  it('is accepted by that shell', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'ordersync-completion-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    // By name: standard input is a socket here, which /dev/stdin cannot open.
    const script = join(folder, 'script');
    writeFileSync(script, await completionScript(shell, BUILTINS));
    const { code, stderr } = await runFile(outside(shell, context), ['-n', script]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
