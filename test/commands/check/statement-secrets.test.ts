import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import postgres from 'postgres';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { run } from '../../support/io.ts';
import { SECRET, withoutPassword, withPassword } from '../../support/password-statements.ts';
import { startServer } from '../../support/postgres.ts';
import type { Row } from './fixture.ts';

const ID = 'sec.statement-secrets';

let server: EmbeddedServer;
let sql: postgres.Sql;
beforeAll(async () => {
  // One that nobody else uses: what it keeps of any database is looked at.
  server = await startServer();
  sql = postgres(server.urlFor('postgres'), { max: 1, onnotice: () => undefined });
  await sql`create schema ${sql('its own')}`;
  await sql`create extension pg_stat_statements schema ${sql('its own')}`;
  await sql.unsafe('create role somebody login');
  await sql.unsafe(`create role reader login password '${SECRET}'`);
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await server?.stop();
});
beforeEach(async () => sql`select "its own".pg_stat_statements_reset()`);

const readerUrl = () => server.urlFor('postgres').replace(/\/\/[^@]*@/, `//reader:${SECRET}@`);

async function check({ url = server.urlFor('postgres'), words = '--format json' } = {}) {
  return run(['check', '--only', ID, ...words.split(' ')], { env: { ORDERSYNC_DATABASE_URL: url } });
}

async function look(url?: string): Promise<Row> {
  const { stdout } = await check(url === undefined ? {} : { url });
  return (JSON.parse(stdout) as { data: [Row] }).data[0];
}

async function execute({ fix, fix_kind: kinds }: Row): Promise<void> {
  for (const [index, text] of fix.entries()) if (kinds[index] === 'sql') await sql.unsafe(text).simple();
}

test.for(withPassword('somebody'))('is a warning: %s', async (statement) => {
  await sql.unsafe(statement).simple();
  if (/subscription/.test(statement)) await sql.unsafe('drop subscription none');
  const row = await look();
  expect(row).toMatchObject({ severity: 'warning', observed: '1 statements are kept with a password (and 1 more)' });
  expect(row.evidence[1]).toMatch(/^query id -?\d+ of postgres in postgres: 1 texts$/);
  await execute(row);
  expect(await look()).toMatchObject({ severity: 'ok' });
});

test('is ok: statements without a password', async () => {
  for (const statement of withoutPassword('somebody')) await sql.unsafe(statement).simple();
  await sql.unsafe('drop subscription none');
  expect(await look()).toMatchObject({ severity: 'ok', evidence: ['none'] });
});

test('finds those of other databases, and of roles and databases that are gone', async () => {
  await sql.unsafe('create database passing');
  await sql.unsafe('create role passing superuser');
  const other = postgres(server.urlFor('passing'), { max: 1 });
  await other.unsafe('set role passing');
  await other.unsafe(`alter role somebody password '${SECRET}'`).simple();
  await other.end();
  expect((await look()).evidence[1]).toMatch(/of passing in passing: 1 texts$/);
  await sql.unsafe('drop database passing');
  await sql.unsafe('drop role passing');
  const row = await look();
  expect(row.evidence[1]).toMatch(/of a role that is gone \(\d+\) in a database that is gone \(\d+\): 1 texts$/);
  await execute(row);
  expect(await look()).toMatchObject({ severity: 'ok' });
});

test('never prints the text', async () => {
  for (const statement of withPassword('somebody')) await sql.unsafe(statement).simple();
  await sql.unsafe('drop subscription none');
  for (const format of ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios', 'junit']) {
    const { stdout, stderr } = await check({ words: `--verbose --debug --format ${format}` });
    expect(stdout).toMatch(/[1-9]\d* statements are kept with a password/);
    expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`${SECRET}|somebody`));
  }
});

test('is unknown for a role that may not see the texts, and the printed grants open its eyes', async () => {
  await sql.unsafe(`alter role somebody password '${SECRET}'`).simple();
  const closed = await look(readerUrl());
  expect(closed).toMatchObject({ severity: 'unknown', fix: ['grant usage on schema "its own" to "reader"'] });
  await execute(closed);
  const hidden = await look(readerUrl());
  expect(hidden).toMatchObject({ severity: 'unknown', fix: ['grant pg_read_all_stats to "reader"'] });
  expect(hidden.evidence).toEqual([expect.stringMatching(/^\d+ texts are hidden from this role$/)]);
  await execute(hidden);
  expect(await look(readerUrl())).toMatchObject({ severity: 'warning' });
});

test('is unknown in a database without the extension, and ok where the library keeps nothing', async () => {
  expect(await look(server.urlFor('template1'))).toMatchObject({
    severity: 'unknown',
    observed: 'extension pg_stat_statements is not created in database template1',
    fix: ['create extension pg_stat_statements'],
  });
  await sql`alter system set shared_preload_libraries = 'plpgsql'`;
  await server.restart();
  expect(await look()).toMatchObject({
    severity: 'ok',
    evidence: ['pg_stat_statements is not loaded, and keeps nothing'],
  });
});
