import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withoutPassword, withPassword } from '../../support/password-statements.ts';
import { createRole } from '../../support/roles.ts';
import { useDatabase } from '../../support/postgres.ts';
import { answer, inSection, monitor } from './fixture.ts';
import type { Row } from './fixture.ts';

const find = (rows: readonly Row[], text: string) => rows.find((row) => String(row['query']).includes(text));

describe('ordersync monitor slow-queries and explain', () => {
  const database = useDatabase();
  const url = () => database.current.url;
  const statements = async (words = ''): Promise<readonly Row[]> =>
    inSection(await answer(url(), `slow-queries --limit 1000 ${words}`.trim().split(' ')), 'slow-queries');

  beforeAll(async () => {
    await database.current.sql`create extension pg_stat_statements`;
    await database.current
      .sql`create table dishes as select n as id, 'dish ' || n as name from generate_series(1, 20000) as n`;
  });
  beforeEach(async () => {
    await database.current.sql`
      select pg_stat_statements_reset(dbid => (select oid from pg_database where datname = current_database()))`;
  });

  it('finds the statement whose mean is beyond 100 ms, as the specification asks, and the frequent one that its query hides', async () => {
    const { sql } = database.current;
    await sql`select pg_sleep(0.15), 'slow one'`;
    for (let call = 0; call < 50; call += 1) await sql`select count(*) from dishes where name = 'often'`;
    const slow = await statements('--sort mean --min-mean 100ms');
    // Whatever else took so long on a busy machine belongs there too.
    const beyond = (await statements()).filter(({ mean_ms }) => Number(mean_ms) >= 100);
    expect(new Set(slow.map(({ query }) => query))).toEqual(new Set(beyond.map(({ query }) => query)));
    expect(find(slow, 'select pg_sleep(')).toMatchObject({
      calls: 1,
      mean_ms: expect.toSatisfy((ms) => ms >= 150),
      verdict: 'ok',
    });
    expect(find(slow, 'select pg_stat_statements_reset')).toBeUndefined();
    const often = find(await statements('--sort calls'), 'from dishes where name');
    expect(often).toMatchObject({
      calls: 50,
      rows: 50,
      rows_per_call: 1,
      database: database.current.name,
      users: 'postgres',
    });
    expect(Number(often?.['share'])).toBeGreaterThan(0);
    const shares = (await statements()).map(({ share }) => Number(share));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(shares).toEqual(shares.toSorted((left, right) => right - left));
  });

  it('sums a statement over the roles that ran it, and shows one role or one statement', async () => {
    const role = await createRole();
    const { sql } = database.current;
    await sql`grant select on dishes to ${sql(role.user)}`;
    await sql`select count(*) from dishes`;
    await sql.begin(async (transaction) => {
      await transaction`set local role ${sql(role.user)}`;
      await transaction`select count(*) from dishes`;
    });
    const all = find(await statements(), 'select count(*) from dishes');
    expect(all).toMatchObject({ calls: 2, users: `postgres, ${role.user}` });
    expect(find(await statements(`--user ${role.user}`), 'select count(*) from dishes')).toMatchObject({ calls: 1 });
    expect(await statements(`--id=${String(all?.['query_id'])}`)).toHaveLength(1);
    await sql`revoke all on dishes from ${sql(role.user)}`;
    await role.drop();
  });

  it('never shows a literal: not a password that the extension keeps in clear, which is a warning of its own', async () => {
    const role = await createRole();
    const { sql } = database.current;
    await sql.unsafe(`alter role ${role.user} password 'hunter3 geheim' valid until '2099-01-01'`);
    await sql.unsafe(`do $$ begin perform 'in a body of 471147'; end $$ /* of customer 4711 */`);
    for (const format of ['json', 'ndjson', 'csv', 'table', 'markdown']) {
      const { stdout, stderr } = await monitor(url(), [
        'slow-queries',
        '--limit',
        '1000',
        '--verbose',
        '--format',
        format,
      ]);
      expect(stdout).toContain(`alter role ${role.user}`);
      // Query ids and measured times have any digits.
      const said = `${stdout}${stderr}`.replaceAll(/-?\d{15,}|\d+\.\d+/g, '');
      expect(said).not.toMatch(/hunter3|geheim|2099|471147|4711|body of|customer/);
    }
    const kept = find(await statements(), `alter role ${role.user}`);
    expect(kept).toMatchObject({
      query: `alter role ${role.user} password ? valid until ?`,
      verdict: 'warning',
      reason: expect.stringContaining('password'),
    });
    const [, reset] = /then: (select .*)$/.exec(String(kept?.['fix'])) ?? [];
    await sql.unsafe(reset ?? '');
    expect(find(await statements(), `alter role ${role.user}`)).toBeUndefined();
    await role.drop();
  });

  it('warns of every statement that is kept with a password, and of no other', async () => {
    const role = await createRole();
    const { sql } = database.current;
    const verdicts = async (texts: readonly string[]) => {
      for (const text of texts) await sql.unsafe(text).simple();
      if (texts.some((text) => text.includes('subscription'))) await sql`drop subscription none`;
      return (await statements()).filter(({ verdict }) => verdict !== 'ok').map(({ verdict }) => verdict);
    };
    expect(await verdicts(withoutPassword(role.user))).toEqual([]);
    for (const text of withPassword(role.user)) {
      expect([text, await verdicts([text])]).toEqual([text, ['warning']]);
      await sql`select pg_stat_statements_reset(dbid => (select oid from pg_database where datname = current_database()))`;
    }
    await role.drop();
  });

  it('does not call ok what a role without pg_read_all_stats cannot see, and counts nothing of it in a window', async () => {
    const role = await createRole();
    await database.current.sql`select count(*) from dishes`;
    const look = async (words: string) =>
      answer(database.current.urlFor(role), ['slow-queries', '--limit', '1000', ...words.split(' ')]);
    const { data, verdicts } = await look('--min-calls 1');
    const hidden = data.filter(({ query }) => query === '<insufficient privilege>');
    const judgement = {
      verdict: 'unknown',
      reason: `statements of other roles have no text and no id: role "${role.user}" is not a member of pg_read_all_stats`,
      fix: `grant pg_read_all_stats to "${role.user}"`,
    };
    expect(hidden).toEqual([expect.objectContaining({ query_id: null, ...judgement })]);
    expect(verdicts).toEqual([{ section: 'slow-queries', ...judgement }]);
    const windowed = await look('--window 1ms');
    expect(windowed.verdicts).toEqual([{ section: 'slow-queries', ...judgement }]);
    expect(windowed.data.filter(({ query }) => query === '<insufficient privilege>')).toEqual([]);
    await role.drop();
  });

  it('leaves its own statements out', async () => {
    for (const report of ['cache', 'table-sizes', 'slow-queries']) await answer(url(), report);
    const texts = (await statements())
      .map(({ query }) => String(query))
      .filter((query) => /pg_stat|set_config/.test(query));
    expect(texts.filter((query) => !query.includes('pg_stat_statements_reset'))).toEqual([]);
  });

  it.each([
    ['pg_stat_statements.track', 'none'],
    ['compute_query_id', 'off'],
  ])('says that nothing is recorded with %s = %s', async (name, value) => {
    const { sql, name: database_ } = database.current;
    await sql.unsafe(`alter database ${database_} set ${name} = '${value}'`);
    try {
      const found = await answer(url(), 'slow-queries');
      expect(found.verdicts?.[0]).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining(name) });
      expect(found.data.every(({ section }) => section === 'running')).toBe(true);
    } finally {
      await sql.unsafe(`alter database ${database_} reset ${name}`);
    }
  });

  it('explains a recorded statement without running it', async () => {
    const { sql } = database.current;
    await sql`select name from dishes where id = 7`;
    await sql.unsafe(`with changed as (update dishes set name = 'x' where id = -1 returning 1) select * from changed`);
    const rows = await statements();
    const id = (text: string) => String(find(rows, text)?.['query_id']);
    const explained = await monitor(url(), ['explain', '--', id('select name from dishes')]);
    expect(explained).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Scan on dishes[^]*Filter: \(id = \$1\)/),
    });
    const update = await monitor(url(), ['explain', '--', id('with changed')]);
    expect(update).toMatchObject({ code: 0, stdout: expect.stringContaining('Update on dishes') });
    expect(find(await statements(), 'with changed')).toMatchObject({ calls: 1 });
  });

  it('masks the literals that a view brings into a plan', async () => {
    const { sql } = database.current;
    await sql`create view hidden_dishes as select id from dishes where name = 'kim@example.kr' and id > 4711`;
    await sql`select id from hidden_dishes where id < 9`;
    const id = String(find(await statements(), 'select id from hidden_dishes')?.['query_id']);
    const { code, stdout } = await monitor(url(), ['explain', '--', id]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/Scan on dishes +\(cost=\d[^]*name = \?::text/),
    });
    expect(stdout).not.toMatch(/kim@|4711/);
  });

  it('refuses to explain what has no plan, a literal that cannot be parsed again, and an unknown id', async () => {
    const { sql } = database.current;
    await sql`create temporary table passing (id integer)`;
    await sql`select count(*) from dishes where now() - interval '1 day' < now()`;
    const rows = await statements();
    const explain = (text: string) => monitor(url(), ['explain', '--', String(find(rows, text)?.['query_id'])]);
    expect(await explain('create temporary table')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('only SELECT'),
    });
    expect(await explain('now() - interval')).toMatchObject({ code: 4, stderr: expect.stringContaining('interval') });
    expect(await monitor(url(), 'explain 1')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('knows no statement'),
    });
    expect(await monitor(url(), 'explain orders')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a query id'),
    });
  });

  it.each(['--limit -5', '--limit abc', '--sort fastest', '--min-mean 100', '--window 0x', '--count 3'])(
    'refuses %s',
    async (words) => {
      expect(await monitor(url(), `slow-queries ${words}`)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});
