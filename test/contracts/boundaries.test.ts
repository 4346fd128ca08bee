import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintPlanted } from './planted.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Which folder may not import what; the folders are the ones in CONTRIBUTING.md, "Direction of imports". */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  crypto: ['db', 'domain', 'keystore', 'cli', 'commands', 'output', 'embedded', 'postgres', 'node:fs', 'node:net'],
  db: ['domain', 'crypto', 'keystore', 'cli', 'commands', 'output', 'embedded'],
  keystore: ['db', 'domain', 'cli', 'commands', 'output', 'embedded', 'postgres'],
  store: ['db', 'crypto', 'keystore', 'domain', 'cli', 'commands', 'output', 'embedded', 'postgres'],
  domain: ['cli', 'commands', 'output', 'embedded'],
  output: ['domain', 'db', 'crypto', 'keystore', 'cli', 'commands', 'embedded', 'postgres'],
  commands: ['keystore', 'output', 'postgres'],
  embedded: ['domain', 'crypto', 'keystore', 'cli', 'commands', 'output'],
};

/** Nothing between cli and the database knows that there is a process, a terminal or a parser of options. */
const WORLD = ['node:process', 'process', 'node:tty', 'node:readline', 'node:readline/promises'];
const TALKERS = ['commander', 'chalk', 'ora', 'cli-table3', '@inquirer/prompts'];
const SILENT = ['crypto', 'db', 'keystore', 'store', 'domain', 'commands'];

const FORMS: Readonly<Record<string, (target: string) => string>> = {
  static: (target) => `import * as it from '${target}';\nexport const a = it;\n`,
  'type-only': (target) => `import type * as it from '${target}';\nexport type A = typeof it;\n`,
  dynamic: (target) => `export const a = async (): Promise<unknown> => import('${target}');\n`,
  're-export of all': (target) => `export * from '${target}';\n`,
  're-export of one': (target) => `export { thing } from '${target}';\n`,
  'side effect': (target) => `import '${target}';\nexport const a = 1;\n`,
};

interface Planted {
  readonly what: string;
  readonly path: string;
  readonly content: string;
  readonly rule: string;
}

const importing = (folder: string, target: string, form: string): Planted => {
  const isOurs = Object.hasOwn(FORBIDDEN, target) || target === 'cli';
  const specifier = isOurs ? `../${target}/some/thing.ts` : target;
  return {
    what: `${folder} → ${target}, ${form}`,
    path: `src/${folder}/planted-${`${target}-${form}`.replaceAll(/[^a-z]/g, '-')}.ts`,
    content: FORMS[form]?.(specifier) ?? '',
    rule: 'eslint(no-restricted-imports)',
  };
};

const IMPORTS: readonly Planted[] = [
  ...Object.entries(FORBIDDEN).flatMap(([folder, targets]) =>
    targets.map((target) => importing(folder, target, 'static')),
  ),
  ...SILENT.flatMap((folder) => [...WORLD, ...TALKERS].map((target) => importing(folder, target, 'static'))),
  ...Object.keys(FORMS)
    .filter((form) => form !== 'static')
    .flatMap((form) => [
      importing('domain', 'output', form),
      importing('domain', 'node:process', form),
      importing('crypto', 'db', form),
    ]),
];

const OTHERS: readonly Planted[] = [
  {
    what: 'a deep file climbing out of its folder',
    path: 'src/domain/a/b/deep.ts',
    content: "import { thing } from '../../../output/some/thing.ts';\nexport const a = thing;\n",
    rule: 'eslint(no-restricted-imports)',
  },
  {
    what: 'the process global',
    path: 'src/domain/global.ts',
    content: "export const a = (): unknown => process.env['HOME'];\n",
    rule: 'eslint(no-restricted-globals)',
  },
  {
    what: 'the process global in the command line layer',
    path: 'src/cli/global.ts',
    content: "export const a = (): unknown => process.env['HOME'];\n",
    rule: 'eslint(no-restricted-globals)',
  },
  {
    what: 'the process behind globalThis',
    path: 'src/domain/global-this.ts',
    content: "export const a = (): unknown => globalThis.process.env['HOME'];\n",
    rule: 'eslint(no-restricted-properties)',
  },
  {
    what: 'console',
    path: 'src/domain/console.ts',
    content: 'export const a = (): void => console.log(1);\n',
    rule: 'eslint(no-console)',
  },
  {
    what: 'process.exit',
    path: 'src/cli/exit.ts',
    content: 'export const a = (): never => process.exit(1);\n',
    rule: 'unicorn(no-process-exit)',
  },
  {
    what: 'SQL text by .unsafe',
    path: 'src/domain/unsafe.ts',
    content: "import type { Sql } from 'postgres';\nexport const a = (sql: Sql): unknown => sql.unsafe('select 1');\n",
    rule: 'eslint(no-restricted-properties)',
  },
  {
    what: 'SQL text by .unsafe inside db',
    path: 'src/db/unsafe.ts',
    content: "import type { Sql } from 'postgres';\nexport const a = (sql: Sql): unknown => sql.unsafe('select 1');\n",
    rule: 'eslint(no-restricted-properties)',
  },
  {
    what: 'a default export',
    path: 'src/domain/default.ts',
    content: 'export default 1;\n',
    rule: 'import(no-default-export)',
  },
  {
    what: 'a floating promise',
    path: 'src/domain/floating.ts',
    content: 'export function a(): void {\n  Promise.resolve(1);\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    what: 'an empty catch',
    path: 'src/domain/catch.ts',
    content: 'export function a(f: () => void): void {\n  try {\n    f();\n  } catch {}\n}\n',
    rule: 'eslint(no-empty)',
  },
  {
    what: 'any',
    path: 'src/domain/any.ts',
    content: 'export const a: any = 1;\n',
    rule: 'typescript(no-explicit-any)',
  },
  {
    what: 'a file above 250 lines',
    path: 'src/domain/long.ts',
    content:
      'export const a = 1;\n'.replace('a', 'b') +
      Array.from({ length: 251 }, (_, i) => `export const a${i} = ${i};\n`).join(''),
    rule: 'eslint(max-lines)',
  },
  {
    what: 'a cycle',
    path: 'src/domain/cycle-a.ts',
    content: "import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;\n",
    rule: 'import(no-cycle)',
  },
];

const ALLOWED = {
  'src/domain/allowed.ts':
    "import type { Thing } from '../db/some/thing.ts';\nimport { thing } from '../crypto/some/thing.ts';\nexport const a = (b: Thing): number => b.a + thing;\n",
  'src/commands/allowed.ts':
    "import type { Thing } from '../output/some/thing.ts';\nimport { thing } from '../domain/some/thing.ts';\nexport const a = (b: Thing): number => b.a + thing;\n",
  'src/domain/cycle-b.ts': "import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;\n",
};

describe('the linter, on files that break a rule', () => {
  const planted = [...IMPORTS, ...OTHERS];
  const found = lintPlanted({ ...ALLOWED, ...Object.fromEntries(planted.map(({ path, content }) => [path, content])) });

  it.each(planted)('reports $what', ({ path, rule }) => {
    expect(found.get(path)).toContain(rule);
  });

  it.each(['src/domain/allowed.ts', 'src/commands/allowed.ts'])('says nothing about %s', (path) => {
    expect(found.get(path)).toBeUndefined();
  });
});

describe('the real tree', () => {
  const files = ['src', 'bin', 'test', 'scripts', 'bench'].flatMap(codeIn);

  it('has files in every folder that is looked at', () => {
    expect(new Set(files.map(({ path }) => path.split('/')[0]))).toEqual(
      new Set(['src', 'bin', 'test', 'scripts', 'bench']),
    );
  });

  it('has no file above 250 lines', () => {
    expect(
      files.filter(({ lines }) => lines.length > 250).map(({ path, lines }) => `${path}: ${lines.length}`),
    ).toEqual([]);
  });

  it('switches a lint rule off only with the reason beside it', () => {
    const switches = files.flatMap(({ path, lines }) =>
      lines.filter((line) => /\b(?:ox|es)lint-disable(?!d)/.test(line)).map((line) => ({ path, line: line.trim() })),
    );
    expect(switches.length).toBeGreaterThan(0);
    expect(switches.filter(({ line }) => !/^\S+ (?:ox|es)lint-disable\S* \S.* -- \S+ \S+/.test(line))).toEqual([]);
  });
});

function codeIn(folder: string): { path: string; lines: readonly string[] }[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[cm]?[jt]s$/.test(path))
    .map((path) => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8');
      return { path: `${folder}/${path}`, lines: text.replace(/\n$/, '').split('\n') };
    });
}
