import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Stand-ins for what the planted files import, so that nothing is reported only because a file is missing. */
const STAND_INS = ['db', 'domain', 'crypto', 'keystore', 'cli', 'commands', 'output', 'embedded'].map(
  (folder) => `src/${folder}/some/thing.ts`,
);

/**
 * Lints files that are planted in a temporary tree of this repository's shape, with this repository's own rules.
 * @param files path below the root → content
 * @returns path → the rules that were broken there, such as `eslint(no-console)`
 */
export function lintPlanted(files: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), 'ordersync-planted-'));
  try {
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      copyFileSync(join(ROOT, name), join(root, name));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'), 'dir');
    for (const path of STAND_INS)
      plant(root, path, 'export interface Thing {\n  readonly a: 1;\n}\nexport const thing = 1;\n');
    for (const [path, content] of Object.entries(files)) plant(root, path, content);
    return lint(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function plant(root: string, path: string, content: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

interface Answer {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
  readonly number_of_files: number;
}

function lint(root: string): ReadonlyMap<string, readonly string[]> {
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, '--type-aware', '--format', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  let answer: Answer;
  try {
    answer = JSON.parse(stdout) as Answer;
  } catch (error) {
    throw new Error(`oxlint did not answer: ${stderr}`, { cause: error });
  }
  const found = new Map<string, string[]>();
  for (const { filename, code } of answer.diagnostics) found.set(filename, [...(found.get(filename) ?? []), code]);
  return found;
}
