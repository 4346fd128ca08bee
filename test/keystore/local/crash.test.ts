import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, expect, test } from 'vitest';
import { openKeyring } from '../../../src/keystore/local/keyring.ts';
import { initWithWords, passphrase, useFolder, WORDS } from './fixture.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const env = useFolder();

/** Adds keys without end, and says of each when it counts. A process of its own, because it is going to be killed. */
const PROGRAM = `
import { addKeyringKey } from './keystore/local/keyring.js';
import { Secret } from './crypto/secret.js';
const [path, words] = process.argv.slice(2);
const access = { path, uid: process.geteuid?.(), holder: 'pid ' + process.pid };
const source = { kind: 'passphrase', read: async () => new Secret('passphrase', Buffer.from(words)) };
for (;;) process.stdout.write(await addKeyringKey(access, { source, clock: { now: () => new Date() } }) + '\\n');
`;

beforeEach(() => {
  const build = path.join(env.folder, 'build');
  mkdirSync(build);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(env.folder, 'node_modules'));
  writeFileSync(path.join(build, 'package.json'), '{"type": "module"}');
  writeFileSync(path.join(build, 'program.js'), PROGRAM);
  const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const options =
    '--ignoreConfig --module nodenext --target es2023 --types node --skipLibCheck --rewriteRelativeImportExtensions';
  const entry = path.join(ROOT, 'src/keystore/local/keyring.ts');
  const compiled = spawnSync(
    process.execPath,
    [compiler, entry, ...options.split(' '), '--rootDir', path.join(ROOT, 'src'), '--outDir', build],
    { cwd: ROOT },
  );
  if (compiled.status !== 0) throw new Error(compiled.stdout.toString('utf8'));
});

test('whenever a change is killed, the keyring opens and holds every key that was reported', async () => {
  await initWithWords(env.access);
  const reported: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, [path.join(env.folder, 'build/program.js'), env.access.path, WORDS], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => reported.push(line));
    await once(lines, 'line');
    // One change takes some 100 ms, most of it scrypt: these moments fall all over it.
    await new Promise((resolve) => setTimeout(resolve, round * 23));
    child.kill('SIGKILL');
    await ended;
    const { entries } = await openKeyring(env.access, passphrase(WORDS));
    const ids = new Set(entries.map(({ id }) => id));
    expect(reported.filter((id) => !ids.has(id))).toEqual([]);
    rmSync(`${env.access.path}.lock`, { force: true });
  }
  expect(reported.length).toBeGreaterThanOrEqual(6);
});
