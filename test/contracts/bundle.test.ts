import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useDatabase } from '../support/postgres.ts';
import { BIN, runFile, useBuild } from '../support/program.ts';

useBuild();
const database = useDatabase();

/** Has the program name the modules of Node that it loaded, as its last words on stderr. */
const NAMING = "process.once('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')))";

async function builtinsOf(argv: readonly string[]): Promise<readonly string[]> {
  const env = { ORDERSYNC_DATABASE_URL: database.current.url };
  const { code, stderr } = await runFile(
    process.execPath,
    ['--import', `data:text/javascript,${NAMING}`, BIN, ...argv],
    { env },
  );
  expect(code).toBe(0);
  return stderr.split('\n').map((line) => line.replace(/^NativeModule /, ''));
}

it('a report loads of Node what it uses, and not what other commands use', async () => {
  const loaded = await builtinsOf(['monitor', 'connections', '--format', 'json']);
  expect(loaded).toEqual(expect.arrayContaining(['net', 'crypto']));
  expect(loaded.filter((name) => ['tls', 'child_process', 'v8', 'readline', 'zlib'].includes(name))).toEqual([]);
});

it('what nearly every start loads is plain ASCII, because one other character doubles it in memory', () => {
  const text = readFileSync(join(import.meta.dirname, '../../dist/program/core.cjs'), 'latin1');
  expect(text.length).toBeGreaterThan(100_000);
  expect(text.match(/.*[\x80-\xff].*/g) ?? []).toEqual([]);
});
