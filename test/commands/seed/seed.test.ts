import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { useKeyring } from '../../support/key-store.ts';
import { BIN, useBuild } from '../../support/program.ts';
import { useSchema } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';

const database = useSchema();
const keyring = useKeyring();
const env = (): Record<string, string> => ({ ...keyring.env, ORDERSYNC_DATABASE_URL: database.current.url });
const seed = async (words: string, extra: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  run(['seed', ...words.split(' ').filter(Boolean)], { env: { ...env(), ...extra } });

async function isEmpty(): Promise<boolean> {
  const [row] = await database.current.sql<{ empty: boolean }[]>`
    select not exists (select from users) and not exists (select from orders) and not exists (select from api_rate_limits)
       and not exists (select from audit_logs where action <> 'CREATE_KEY') as empty`;
  return row?.empty === true;
}

interface Planned {
  readonly table: string;
  readonly rows: number;
}
const dataOf = ({ stdout }: Ran): readonly Planned[] => (JSON.parse(stdout) as { data: Planned[] }).data;

describe('the words of the call', () => {
  test.each([
    ['--scale huge', 'is not a scale'],
    ['--months 0', '--months'],
    ['--until yesterday', 'is not a time'],
    ['--until 2026-11-01T00:00', 'is not a time'],
    ['--until 2199-01-01T00:00Z', 'is in the future'],
    ['--tables users,nobody', '"nobody" is not a table that is seeded'],
    ['surprise', 'too many arguments'],
  ])('%s is a usage error', async (words, complaint) => {
    expect(await seed(words)).toMatchObject({ code: 2, stderr: expect.stringContaining(complaint) });
  });

  test('help needs no database', async () => {
    const help = await run(['seed', '--help']);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--random-seed') });
  });
});

describe('ordersync seed', () => {
  useBuild();
  beforeAll(async () => {
    const { code, stderr } = await run(['key', 'create'], { env: env() });
    if (code !== 0) throw new Error(stderr);
  });

  test('--dry-run says what would be loaded, opens no key store and writes nothing', async () => {
    const planned = await seed('--dry-run --format json', { ORDERSYNC_KEYRING: '/nonexistent' });
    expect(planned).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was written') });
    const total = dataOf(planned).reduce((sum, { rows }) => sum + rows, 0);
    expect(Math.abs(total / 10_000 - 1)).toBeLessThan(0.03);
    expect(await isEmpty()).toBe(true);
  });

  test('a protected environment gets none, whatever is confirmed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ordersync-seed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const environments = { prod: { protected: true, url: database.current.url } };
    writeFileSync(join(folder, 'ordersync.config.json'), JSON.stringify({ environments }));
    const words = ['seed', '--env', 'prod', '--confirm', database.current.name, '--yes'];
    const refused = await run(words, { env: keyring.env, cwd: folder });
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('environment "prod" is protected') });
    expect(await isEmpty()).toBe(true);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('%s in the middle leaves no row', async (signal) => {
    const child = spawn(process.execPath, [BIN, 'seed', '--scale', '60000', '--progress', 'json'], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    const ended = once(child, 'close');
    await waitFor(
      () => /"detail":"(order_items|audit_logs)"/u.test(told),
      () => `rows to be on their way: ${told}`,
    );
    child.kill(signal);
    const [code, killedBy] = (await ended) as [number | null, string | null];
    expect([code, killedBy]).toEqual(signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL']);
    const { sql, name } = database.current;
    await waitFor(async () => {
      const left =
        await sql`select from pg_stat_activity where datname = ${name} and application_name like 'ordersync seed%'`;
      return left.length === 0;
    }, 'the backend of the killed program to end');
    expect(await isEmpty()).toBe(true);
    expect(await sql`select from pg_trigger where tgenabled = 'D'`).toHaveLength(0);
  });

  test('loads, reports each table, and says how to make the same again', async () => {
    const seeded = await seed('--scale 6000 --months 1 --format json --random-seed workshop');
    expect(seeded).toMatchObject({ code: 0, stderr: expect.stringContaining('--scale 6000 --months 1 --until 20') });
    expect(seeded.stderr).toContain('--random-seed workshop');
    const rows = dataOf(seeded);
    expect(rows).toHaveLength(17);
    expect(rows[0]).toEqual({
      table: 'users',
      rows: expect.any(Number),
      bytes: expect.any(Number),
      elapsed_ms: expect.any(Number),
      rows_per_second: expect.any(Number),
    });
    expect(await seed('')).toMatchObject({ code: 4, stderr: expect.stringContaining('holds data already') });
  });
});
