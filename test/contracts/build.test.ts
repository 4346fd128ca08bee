import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runFile } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ordersync-build-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What scripts/build.js needs, with a program of these two modules: the real one would keep other tests from its `dist`. */
function smallProject(sources: Readonly<Record<'main.ts' | 'words.ts', string>>): string {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
  mkdirSync(join(folder, 'src/crypto/kernel'), { recursive: true });
  for (const name of ['node_modules', 'kernel']) symlinkSync(join(ROOT, name), join(folder, name));
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    cpSync(join(ROOT, name), join(folder, name));
  const kernel = 'src/crypto/kernel/module.ts';
  cpSync(join(ROOT, kernel), join(folder, kernel));
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, 'src', name), text);
  return folder;
}

const MAIN = `import { words } from './words.ts';
export async function main(argv: readonly string[], io: { stdout: { write(text: string): void } }): Promise<void> {
  io.stdout.write([...argv, words].join(' '));
}
`;

const build = (folder: string) => runFile(process.execPath, [join(folder, 'scripts/build.js')], { cwd: folder });

test('two builds at once both succeed, and leave one whole dist', async () => {
  const folder = smallProject({ 'main.ts': MAIN, 'words.ts': `export const words = 'once';\n` });
  const ended = await Promise.all([build(folder), build(folder)]);
  expect(ended).toEqual(ended.map(() => ({ code: 0, stdout: '', stderr: '' })));
  expect(readFileSync(join(folder, 'dist/help.txt'), 'utf8')).toBe('--help once');
  expect(readdirSync(join(folder, 'dist')).toSorted()).toEqual(
    ['.built', 'crypto', 'help.txt', 'main.js', 'program', 'version.txt', 'words.js'].toSorted(),
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
});

test('what is changed during a build is in the next one', async () => {
  // The build calls main() to write down what it prints: that is when this program changes its own source.
  const change = `import { writeFileSync } from 'node:fs';\nwriteFileSync('src/words.ts', "export const words = 'after';\\n");\n`;
  const folder = smallProject({ 'main.ts': change + MAIN, 'words.ts': `export const words = 'before';\n` });
  for (const words of ['before', 'after']) {
    expect(await build(folder)).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'dist/words.js'), 'utf8')).toContain(words);
  }
});

test('a folder that several processes replace at once, again and again, ends as a whole one of theirs', async () => {
  const folder = temporaryFolder();
  const to = join(folder, 'dist');
  const files = Array.from({ length: 20 }, (_, index) => `file-${index}`);
  const script = `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { replaceFolder } from ${JSON.stringify(join(ROOT, 'scripts/replace-folder.js'))};
    for (let round = 0; round < 200; round += 1) {
      const from = ${JSON.stringify(`${to}-`)} + process.pid;
      mkdirSync(from);
      for (const file of ${JSON.stringify(files)}) writeFileSync(from + '/' + file, String(process.pid));
      replaceFolder(from, ${JSON.stringify(to)});
    }`;
  const replace = async () => runFile(process.execPath, ['--input-type=module', '--eval', script]);
  const ended = await Promise.all([replace(), replace(), replace()]);
  expect(ended).toEqual(ended.map(() => ({ code: 0, stdout: '', stderr: '' })));
  expect(new Set(files.map((file) => readFileSync(join(to, file), 'utf8'))).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['dist']);
});
