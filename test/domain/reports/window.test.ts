import { expect, test } from 'vitest';
import type { Clock } from '../../../src/context.ts';
import { readReport, reportCommands } from '../../../src/domain/reports/catalog.ts';
import { runReport } from '../../../src/domain/reports/report.ts';
import { driven, testContext } from '../../support/context.ts';
import { useDatabase } from '../../support/postgres.ts';

const database = useDatabase();

/** Calls by the text of the statement, as `monitor slow-queries` counts them; within a window, if there is one. */
async function callsOf(sleep?: Clock['sleep']): Promise<Readonly<Record<string, unknown>>> {
  const ctx = testContext(database.current.url);
  const needs = {
    session: await ctx.db.session(),
    clock: sleep === undefined ? ctx.clock : { ...ctx.clock, sleep },
    signal: ctx.signal,
  };
  const files = readReport(reportCommands('monitor').get('slow-queries') ?? []);
  const defaults = files.flatMap(({ params }) => params.map((param) => [param.name, param.default ?? null] as const));
  const { result } = await driven(
    runReport(needs, files, {
      values: { ...Object.fromEntries(defaults), limit: '1000' },
      statementTimeoutMs: 600_000,
      windowMs: sleep === undefined ? undefined : 4000,
    }),
  );
  const rows = result.sections[0]?.rows ?? [];
  return Object.fromEntries(rows.map(({ values }) => [String(values['query']), Number(values['calls'])]));
}

test('within a window only what ran in it is counted', async () => {
  const { sql } = database.current;
  await sql`create extension pg_stat_statements`;
  await sql`create table dishes as select n as id, 'dish ' || n as name from generate_series(1, 10) as n`;
  await sql`select count(*) from dishes where id = 1`;
  const seen = await callsOf(async () => {
    await sql`select count(*) from dishes where name = 'new'`;
    await sql`select count(*) from dishes where id = 1`;
  });
  expect(seen).toMatchObject({
    'select count(*) from dishes where name = $1': 1,
    'select count(*) from dishes where id = $1': 1,
  });
  expect(Object.keys(seen).filter((query) => query.startsWith('create'))).toEqual([]);
  expect(await callsOf()).toMatchObject({ 'select count(*) from dishes where id = $1': 2 });
});
