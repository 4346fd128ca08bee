import { describe, expect, it } from 'vitest';
import { parseReport } from '../../../src/domain/reports/parse.ts';
import { runReport } from '../../../src/domain/reports/report.ts';
import { runSection } from '../../../src/domain/reports/run.ts';
import type { SectionResult } from '../../../src/domain/reports/run.ts';
import { useDatabase } from '../../support/postgres.ts';
import { createRole } from '../../support/roles.ts';
import { driven, testContext } from '../../support/context.ts';

const fileOf = (lines: readonly string[], name = 'dishes') =>
  parseReport(`sql/monitor/${name}.sql`, ['-- summary: dishes', ...lines, ''].join('\n'));

describe('a section', () => {
  const database = useDatabase();
  const run = async (
    lines: readonly string[],
    request: { readonly values?: Record<string, unknown>; readonly reveal?: boolean; readonly timeoutMs?: number } = {},
    url = database.current.url,
  ): Promise<SectionResult> => {
    const ctx = testContext(url);
    const { values = {}, reveal = false, timeoutMs = 15_000 } = request;
    return runSection({ session: await ctx.db.session(), clock: ctx.clock }, fileOf(lines), {
      values,
      reveal,
      statementTimeoutMs: timeoutMs,
    });
  };

  it('runs read-only, without row security, in UTC, with a short patience for locks and nothing in front of pg_catalog', async () => {
    const { rows } = await run([
      '-- column: settings text[] label',
      `select array(select current_setting(name) from unnest(array[
        'transaction_read_only', 'row_security', 'timezone', 'lock_timeout', 'statement_timeout', 'search_path']) as name) as settings`,
    ]);
    expect(rows[0]?.values['settings']).toEqual(['on', 'off', 'UTC', '50ms', '15s', 'pg_catalog, pg_temp']);
  });

  it('leaves no setting behind', async () => {
    const session = await testContext(database.current.url).db.session();
    const before = await session.sql`select name, setting from pg_settings order by name`;
    await runSection(
      { session, clock: { monotonicMs: () => 0 } },
      fileOf(['-- column: n integer label', 'select 1 as n']),
      { values: {}, statementTimeoutMs: 1 },
    );
    expect(await session.sql`select name, setting from pg_settings order by name`).toEqual(before);
  });

  it('judges each row by rules and by its own word, and the section by its worst row', async () => {
    const found = await run(
      [
        '-- param: least bigint = 10  from which it is a warning',
        '-- column: n integer gauge',
        '-- column: verdict text label',
        '-- column: reason text label',
        '-- column: fix text label',
        '-- unknown: n < 0  makes no sense => count again',
        '-- warn: n >= :least  many => eat',
        '-- crit: n >= 100  too many => eat faster',
        `select n, case when n = 5 then 'warning' end as verdict, case when n = 5 then 'five is odd' end as reason, null::text as fix
         from unnest(array[1, 5, 10, 100, -7, null]) as n`,
      ],
      { values: { least: 10 } },
    );
    expect(found.rows.map(({ judgement }) => [judgement?.verdict, judgement?.reasons.join()])).toEqual([
      ['ok', ''],
      ['warning', 'five is odd'],
      ['warning', 'many'],
      ['critical', 'too many'],
      ['unknown', 'makes no sense'],
      ['ok', ''],
    ]);
    expect(found.judgement).toEqual({ verdict: 'critical', reasons: ['too many'], fixes: ['eat faster'] });
    expect(found.columns.map(({ name }) => name)).toEqual(['n']);
  });

  it('masks statements, and withholds personal data until it is asked for', async () => {
    const lines = [
      '-- column: query text label sql',
      '-- column: email text label pii',
      `select 'select ''secret''' as query, 'a@b.c' as email`,
    ];
    expect((await run(lines)).rows[0]?.values).toEqual({ query: 'select ?', email: 'withheld' });
    expect((await run(lines, { reveal: true })).rows[0]?.values).toEqual({ query: 'select ?', email: 'a@b.c' });
  });

  it('says where in its file a statement is wrong, and that it could not look', async () => {
    const found = await run(['-- column: n integer label', 'select', `  '한글' as word, nonsense as n`]);
    expect(found).toMatchObject({ looked: false, judgement: { verdict: 'unknown' } });
    const [reason] = found.judgement?.reasons ?? [];
    expect(reason?.split('\n')).toEqual([
      'sql/monitor/dishes.sql:4:17: column "nonsense" does not exist (42703)',
      '--> sql/monitor/dishes.sql:4:17',
      '  |',
      `4 |   '한글' as word, nonsense as n`,
      '  |                   ^',
    ]);
  });

  it('does not wait for a lock, nor longer than its time', async () => {
    const { sql } = database.current;
    await sql`create table held (id integer)`;
    await sql.begin(async (transaction) => {
      await transaction`lock table held`;
      const found = await run(['-- column: n bigint label', 'select count(*) as n from public.held']);
      expect(found.judgement).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('55P03')] });
    });
    const slow = await run(['-- column: n text label', 'select pg_sleep(60)::text as n'], { timeoutMs: 50 });
    expect(slow.judgement).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('57014')] });
  });

  it('finds its extension in any schema, and takes the body that fits', async () => {
    await database.current.sql`create schema "x y"`;
    await database.current.sql`create extension pg_stat_statements schema "x y"`;
    const lines = [
      '-- requires: extension pg_stat_statements',
      '-- column: body text label',
      '-- body: when column pg_stat_statements.no_such_column',
      `select 'first' as body`,
      '-- body: when column pg_stat_statements.calls',
      `select 'second' as body from pg_stat_statements_info`,
    ];
    expect((await run(lines)).rows[0]?.values).toEqual({ body: 'second' });
    const role = await createRole();
    expect((await run(lines, {}, database.current.urlFor(role))).judgement).toMatchObject({
      verdict: 'unknown',
      fixes: [`grant usage on schema "x y" to "${role.user}"`],
    });
    await role.drop();
  });

  it('is unknown for a table that row security filters, and each fix helps', async () => {
    const { sql } = database.current;
    await sql`create table secrets (id integer)`;
    await sql`alter table secrets enable row level security`;
    const lines = [
      '-- requires: table public.secrets',
      '-- column: n bigint label',
      'select count(*) as n from public.secrets',
    ];
    const role = await createRole();
    const look = () => run(lines, {}, database.current.urlFor(role));
    for (const reason of ['may not read public.secrets', 'row security hides rows']) {
      const { judgement } = await look();
      expect(judgement).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining(reason)] });
      await sql.unsafe(judgement?.fixes[0]?.replace(/^.*or: /, '') ?? '');
    }
    expect(await look()).toMatchObject({ looked: true, rows: [{ values: { n: '0' } }] });
    await sql`drop owned by ${sql(role.user)}`;
    await role.drop();
    expect(
      (await run(['-- requires: table public.nowhere', '-- column: n integer label', 'select 1 as n'])).judgement
        ?.fixes,
    ).toEqual(['ordersync migrate up']);
  });

  it('one that fails hides none of the others', async () => {
    const ctx = testContext(database.current.url);
    const good = ['-- column: n integer label', 'select 1 as n'];
    const files = [
      fileOf(good),
      fileOf(['-- column: n integer label', 'select nonsense as n'], 'dishes.bad'),
      fileOf(good, 'dishes.last'),
    ];
    const { result } = await driven(
      runReport({ ...ctx, session: await ctx.db.session() }, files, {
        values: {},
        statementTimeoutMs: 15_000,
        windowMs: undefined,
      }),
    );
    expect(result.sections.map(({ looked, rows }) => [looked, rows.length])).toEqual([
      [true, 1],
      [false, 0],
      [true, 1],
    ]);
    expect(result.judgement?.verdict).toBe('unknown');
  });
});
