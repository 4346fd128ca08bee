import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit.ts';
import { runFile, useBuild } from '../support/program.ts';
import { allCommands, ordersyncCall, parse, pathOf } from './command-lines.ts';

useBuild();

const ROOT = join(import.meta.dirname, '../..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const contributing = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

it('has its generated blocks as the program would write them now', async () => {
  const { code, stderr } = await runFile(process.execPath, [join(ROOT, 'scripts/update-readme.js'), '--check']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('shows every exit code and every command', async () => {
  const rows = [...readme.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => ({
    code: Number(code),
    meaning,
  }));
  expect(rows).toEqual(EXIT_CODES);
  for (const { path } of await allCommands()) expect(readme).toContain(`\nordersync ${path} `);
});

it('begins with the two command lines that are all it takes', () => {
  const [first] = blocks(readme, 'sh');
  expect(first?.map((line) => line.replace(/\s+#.*$/, ''))).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
});

describe('what a reader can type', () => {
  const calls = blocks(readme, 'sh')
    .flat()
    .filter((line) => ordersyncCall(line) !== undefined);

  it('is there', () => {
    expect(calls.length).toBeGreaterThan(3);
  });

  it.each(calls)('%s', async (line) => {
    expect(pathOf(await parse(ordersyncCall(line) ?? []))).not.toBe('nothing');
  });

  const inline = [...`${readme}${contributing}`.matchAll(/`(ordersync [^`]+)`/g)].map(([, call]) => call ?? '');
  const runnable = inline.filter((call) => !call.startsWith('ordersync help '));
  it.each(runnable)('%s, in a sentence', async (call) => {
    expect(pathOf(await parse(ordersyncCall(call) ?? []))).not.toBe('nothing');
  });

  it.each([...`${readme}${contributing}`.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name ?? ''))(
    'npm run %s',
    (name) => {
      expect(Object.keys(manifest.scripts)).toContain(name);
    },
  );
});

describe.each([
  ['README.md', readme],
  ['CONTRIBUTING.md', contributing],
])('%s', (_name, text) => {
  it('links only to what is there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? '');
    expect(targets.filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
  });

  it('names only files that are there', () => {
    const paths = [...text.matchAll(/`((?:src|bin|test|scripts|sql|docs|migrations|bench)\/[\w./-]+)`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(paths.filter((path) => !path.includes('NNN_') && !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

it('the project names only scripts that exist', () => {
  const named = Object.entries(manifest.scripts).flatMap(([name, line]) =>
    [...line.matchAll(/node ((?:scripts|bench|bin)\/[\w.-]+)/g)].map(([, file]) => ({ name, file: file ?? '' })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});

/** The lines of every fenced block of a language. */
function blocks(text: string, language: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , body = '']) => body.trim().split('\n'));
}
