import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrationFolder } from '../support/migration-files.ts';
import { run } from '../support/io.ts';
import { useDatabase } from '../support/postgres.ts';
import { runProgram, runShell, useBuild } from '../support/program.ts';
import type { Running } from '../support/program.ts';
import { waitFor } from '../support/wait.ts';

useBuild();
const database = useDatabase();

const ROOT = join(import.meta.dirname, '../..');

describe('what the build writes down', () => {
  it.each([
    ['--help', 'help.txt'],
    ['-h', 'help.txt'],
    ['--version', 'version.txt'],
    ['-V', 'version.txt'],
  ])('%s is what the program says itself', async (flag, file) => {
    const { stdout } = await run([flag]);
    expect(readFileSync(join(ROOT, 'dist', file), 'utf8')).toBe(stdout);
    expect(await runProgram([flag])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('is not looked for under the name of what every object inherits', async () => {
    expect(await runProgram(['constructor'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('exit codes and streams', () => {
  it.each([
    [['migrate', 'upp'], 2, /^ordersync: unknown command 'upp'/],
    [['migrate', 'status'], 3, /^ordersync: no database given\nhint: /],
    [['config', 'show', '--env', 'prod'], 3, /^ordersync: environment "prod"/],
  ])('%j exits %i with its message on stderr alone', async (argv, code, message) => {
    const ended = await runProgram(argv);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('work that never comes to its end is no success, though nothing is left that could go on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ordersync-bin-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await Promise.all(['bin', 'dist/program'].map((name) => mkdir(join(folder, name), { recursive: true })));
    await copyFile(join(ROOT, 'bin/ordersync.js'), join(folder, 'bin/ordersync.js'));
    await writeFile(join(folder, 'dist/program/main.cjs'), 'exports.main = () => new Promise(() => {});');
    expect(spawnSync(process.execPath, ['bin/ordersync.js', 'x'], { cwd: folder, encoding: 'utf8' })).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('ended before its work did'),
    });
  });

  it('a result that cannot be written is said to be so, in one line', async () => {
    for (const line of ['ordersync --help', 'ordersync completion bash', 'ordersync config show --format json']) {
      expect(await runShell(`${line} > /dev/full`)).toEqual({
        code: 3,
        stdout: '',
        stderr: 'ordersync: cannot write the results: ENOSPC\n',
      });
    }
  });
});

/** More than any pipe holds: 64 KiB on Linux, and node reads and writes in pieces of that size. */
async function bigPlan(): Promise<{ env: Record<string, string> }> {
  const statements = Array.from({ length: 400 }, (_, n) => `select '${n}${'한글 '.repeat(1000)}' as "a${n}";`);
  const folder = await migrationFolder({
    '001_big.up.sql': `${statements.join('\n')}\n`,
    '001_big.down.sql': 'select 1;\n',
  });
  return { env: { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_MIGRATIONS: folder } };
}

describe('a large result through a pipe', () => {
  it('arrives whole, however slowly it is read', async () => {
    const options = await bigPlan();
    const line = 'ordersync migrate plan --format json | (sleep 0.3; cat)';
    const { code, stdout } = await runShell(line, options);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(1_000_000);
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, command: 'migrate plan', data: expect.any(Array) });
  });

  it.each(['ndjson', 'table', 'json'])('may be left after its first line: %s', async (format) => {
    const line = `{ ordersync migrate plan --format ${format}; echo "exit $?" >&2; } | head -1 > /dev/null`;
    const { code, stderr } = await runShell(line, await bigPlan());
    expect({ code, lastLine: stderr.split('\n').at(-2) }).toEqual({ code: 0, lastLine: 'exit 0' });
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
  });

  it('may be closed from the start', async () => {
    const line = '{ ordersync --help; echo "exit $?" >&2; } | true';
    expect((await runShell(line)).stderr).toBe('exit 0\n');
  });
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it(`ends the running statement and exits ${code}; nothing stays behind`, async () => {
    const folder = await migrationFolder({
      '001_slow.up.sql': 'create table slow (a int);\nselect pg_sleep(3600);\n',
      '001_slow.down.sql': 'drop table slow;\n',
    });
    const { url, sql } = database.current;
    let child: Running | undefined;
    const ending = runProgram(['migrate', 'up'], {
      env: { ORDERSYNC_DATABASE_URL: url, ORDERSYNC_MIGRATIONS: folder },
      onStart: (running) => {
        child = running;
      },
    });
    await waitFor(async () => {
      const sleeping =
        await sql`select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
      return sleeping.length > 0;
    }, 'the statement that sleeps');
    child?.kill(signal);
    const ended = await ending;
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^ordersync: interrupted: 001_slow.up.sql was rolled back$/m);
    await database.current.assertNothingLeft();
    expect(await sql`select to_regclass('slow') as found`).toEqual([{ found: null }]);
  });
});
