import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRegistry } from '../../../src/domain/metrics/registry.ts';
import { outside } from '../../support/outside.ts';
import { testServer } from '../../support/postgres.ts';
import { runFile } from '../../support/program.ts';
import type { TestRole } from '../../support/roles.ts';
import { createRole } from '../../support/roles.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { monitor } from './fixture.ts';

/** A collector that runs out of its time has nothing to tell, and a busy machine is slow. */
const PATIENCE = '--timeout 10min --deadline 1h';
const SECRET = 'geheim4711';
const EMAIL_HASH = 'c0ffee'.padEnd(64, '0');
const NOWHERE = 'postgres://someone:hunter2@127.0.0.1:1/nothing';

describe('monitor export', () => {
  const database = useSchema();
  const folder = useFolder();

  beforeAll(async () => {
    const { sql } = database.current;
    await sql`create extension pg_stat_statements`;
    await sql.unsafe(`create table public."odd ""name\\ <b>주문" (id bigint)`);
    await sql.unsafe(`create sequence public.large as bigint start 9007199254740993`);
    await sql.unsafe(`select nextval('public.large')`);
    await sql.unsafe(`select '${SECRET}' as planted`);
    await sql.unsafe(`insert into public.login_attempts (email_hash, ip_address_encrypted, ip_key_id, success)
      select '${EMAIL_HASH}', 'none', 'none', false from generate_series(1, 7)`);
    await sql.unsafe(`insert into public.encryption_keys (key_type, key_id, created_at)
      values ('pii', 'pii-v1', now() - interval '100 days')`);
  });

  it('is clean in the eyes of promtool, and has nothing that the registry does not have', async (context) => {
    const promtool = outside('promtool', context);
    const { code, stdout, stderr } = await monitor(database.current.url, `export ${PATIENCE}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const checked = await runFile(promtool, ['check', 'metrics'], { stdin: stdout });
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
    const known = new Set((await loadRegistry()).families.map(({ name }) => name));
    const found = [...stdout.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '');
    expect(found.length).toBeGreaterThan(80);
    expect(found.filter((name) => !known.has(name))).toEqual([]);
  });

  it('tells what is there: exact numbers, escaped names, ages in seconds', async () => {
    const { stdout } = await monitor(database.current.url, `export ${PATIENCE}`);
    expect(value(stdout, 'ordersync_up')).toBe('1');
    expect(value(stdout, 'ordersync_sequence_last_value{sequence="public.large"}')).toBe('9007199254740993');
    expect(stdout).toContain(String.raw`ordersync_table_total_bytes{table="public.\"odd \"\"name\\ <b>주문\""}`);
    expect(Number(value(stdout, 'ordersync_key_age_seconds{key_type="pii"}'))).toBeCloseTo(100 * 86_400, -4);
    expect(value(stdout, 'ordersync_key_active{key_type="payment"}')).toBe('0');
    expect(value(stdout, 'ordersync_logins_failed')).toBe('7');
    expect(value(stdout, 'ordersync_logins_most_failures_of_account')).toBe('7');
    expect(Number(value(stdout, 'ordersync_partition_runway_seconds{table="orders"}'))).toBeGreaterThan(86_400);
    expect(value(stdout, 'ordersync_archive_backlog_partitions{table="audit_logs"}')).toBe('0');
    expect(value(stdout, 'ordersync_section_verdict{collector="monitor/indexes.invalid",verdict="ok"}')).toBe('1');
  });

  it('has no text of a statement, no account and no password in it', async () => {
    const { stdout } = await monitor(database.current.url, `export ${PATIENCE}`);
    expect(stdout).toContain('ordersync_statements_calls_total{query_id="');
    for (const secret of [SECRET, EMAIL_HASH, 'planted', 'generate_series', new URL(database.current.url).password]) {
      expect(stdout).not.toContain(secret);
    }
  });

  it('has the same figures as rows', async () => {
    const { code, stdout } = await monitor(
      database.current.url,
      `export ${PATIENCE} --format json --collect metrics/logins`,
    );
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { data: unknown[] }).data).toContainEqual({
      metric: 'ordersync_logins_failed',
      type: 'gauge',
      labels: [],
      value: '7',
    });
  });

  it('replaces a file as a whole, through a link too, and leaves nothing beside it', async () => {
    const file = join(folder.current, 'ordersync.prom');
    const link = join(folder.current, 'link.prom');
    await writeFile(file, 'old');
    await symlink(file, link);
    const { code, stdout, stderr } = await monitor(database.current.url, ['export', '--output', link]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^\d+ figures are in /);
    expect(await readFile(file, 'utf8')).toMatch(/^# HELP ordersync_up /);
    expect((await readdir(folder.current)).toSorted()).toEqual(['link.prom', 'ordersync.prom']);
  });

  it('says so when the file cannot be written', async () => {
    const { code, stderr } = await monitor(database.current.url, ['export', '--output', '/nowhere/at/all.prom']);
    expect(code).toBe(3);
    expect(stderr).toContain('cannot write /nowhere/at/all.prom: ENOENT');
  });

  it('is ordersync_up 0 and exit code 3 when nobody answers, in the file too, without the password', async () => {
    const file = join(folder.current, 'down.prom');
    const { code, stderr } = await monitor(NOWHERE, ['export', '--output', file]);
    expect(code).toBe(3);
    expect(stderr).toContain('ordersync_up is 0');
    const text = await readFile(file, 'utf8');
    expect(value(text, 'ordersync_up')).toBe('0');
    expect(text + stderr).not.toContain('hunter2');
  });

  it('refuses a collector that is not there before it connects', async () => {
    const { code, stderr } = await monitor(NOWHERE, 'export --collect monitor/cash');
    expect(code).toBe(2);
    expect(stderr).toContain('there is no collector "monitor/cash"');
  });
});

describe('monitor export by a plain role', () => {
  const database = useSchema();
  const roles: TestRole[] = [];
  beforeAll(async () => {
    await database.current.sql`create extension pg_stat_statements`;
    roles.push(await createRole());
  });
  afterAll(async () => {
    for (const role of roles) await role.drop();
  });

  it('says which collectors could not look, and raises no error on the server', async () => {
    const mark = await markServerLog(testServer().logFile);
    const { code, stdout, stderr } = await monitor(database.current.urlFor(roles[0]!), `export ${PATIENCE}`);
    expect(code).toBe(0);
    expect(value(stdout, 'ordersync_up')).toBe('1');
    expect(value(stdout, 'ordersync_collector_success{collector="metrics/keys"}')).toBe('0');
    expect(value(stdout, 'ordersync_collector_success{collector="monitor/cache"}')).toBe('1');
    expect(value(stdout, 'ordersync_section_verdict{collector="monitor/connections",verdict="unknown"}')).toBe('1');
    expect(stderr).toContain('metrics/keys: ');
    await assertNoServerErrors(mark, database.current.name, testServer().logFile);
  });
});

/** Of one sample, written as it stands before the blank. */
function value(text: string, series: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);
}

function useFolder(): { readonly current: string } {
  const holder = { current: '' };
  beforeAll(async () => {
    holder.current = await mkdtemp(join(tmpdir(), 'ordersync-export-'));
  });
  afterAll(async () => rm(holder.current, { recursive: true }));
  return holder;
}
