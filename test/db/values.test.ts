import { array, assert, option, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatArray, parseArray } from '../../src/db/driver/array-text.ts';
import { describeText, identifier, runText, simpleText } from '../../src/db/text.ts';
import { useDatabase } from '../support/postgres.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

describe('values', () => {
  it('come back exactly', async () => {
    const { sql } = await sessions.open(database.current.url);
    const [row] = await sql`
      select 9223372036854775807::int8 as big,
             123456789012345678901234567890.123456789::numeric as money,
             '2025-01-31 23:59:59.999999+09'::timestamptz as instant,
             'infinity'::timestamptz as never,
             '0044-03-15 BC'::date as ides,
             '1 mon 2 days 03:04:05.000006'::interval as span,
             0.1::float8 + 0.2::float8 as sum,
             '\\x00ff'::bytea as bytes,
             true as yes,
             '{"a": [1, null]}'::jsonb as document,
             '0/16B3748'::pg_lsn as lsn`;
    expect(row).toEqual({
      big: '9223372036854775807',
      money: '123456789012345678901234567890.123456789',
      instant: '2025-01-31 14:59:59.999999+00',
      never: 'infinity',
      ides: '0044-03-15 BC',
      span: '1 mon 2 days 03:04:05.000006',
      sum: 0.30000000000000004,
      bytes: Buffer.from([0, 255]),
      yes: true,
      document: { a: [1, null] },
      lsn: '0/16B3748',
    });
  });

  it('go there exactly', async () => {
    const { sql } = await sessions.open(database.current.url);
    const [row] = await sql`
      select ${'2025-01-31 23:59:59.999999+09'}::timestamptz = '2025-01-31 14:59:59.999999Z' as micros,
             ${'infinity'}::timestamptz = 'infinity' as never,
             ${new Date('2025-01-31T14:59:59.123Z')}::timestamptz = '2025-01-31 14:59:59.123Z' as date,
             ${9223372036854775807n} = 9223372036854775807 as big,
             ${'12345678901234567890.5'}::numeric = 12345678901234567890.5 as money,
             ${Buffer.from([0, 255])}::bytea = '\\x00ff' as bytes,
             ${sql.json({ a: 1 })} ->> 'a' = '1' as document,
             ${null}::text is null as nothing`;
    expect(Object.values(row ?? {})).toEqual(Array.from({ length: 8 }, () => true));
  });

  it('in arrays come and go without a question to the server about types', async () => {
    const { sql } = await sessions.open(database.current.url);
    const texts = ['plain', 'with "quotes"', 'back\\slash', 'NULL', '', 'comma, {brace}', '한글'];
    const [row] = await sql`
      select ${[...texts, null]}::text[] as texts,
             ${sql.array([1n, 9223372036854775807n])} as bigs,
             ${[1, 2]}::int4[] as numbers,
             ${sql.array([true, false])} as flags,
             ${sql.array([Buffer.from([1]), Buffer.from([2, 3])])} as bytes,
             ${['019a0000-0000-7000-8000-000000000000']}::uuid[] as ids,
             array[[1,2],[3,4]] as matrix,
             '[0:1]={a,b}'::text[] as shifted,
             '{}'::text[] as empty,
             2 = any(${[1, 2]}) as found`;
    expect(row).toEqual({
      texts: [...texts, null],
      bigs: ['1', '9223372036854775807'],
      numbers: [1, 2],
      flags: [true, false],
      bytes: [Buffer.from([1]), Buffer.from([2, 3])],
      ids: ['019a0000-0000-7000-8000-000000000000'],
      matrix: [
        [1, 2],
        [3, 4],
      ],
      shifted: ['a', 'b'],
      empty: [],
      found: true,
    });
  });

  it('of any text survive the form of arrays', () => {
    assert(
      property(array(option(string({ unit: 'binary' }))), (items) => {
        expect(parseArray(formatArray(items, String), String)).toEqual(items);
      }),
    );
  });
});

describe('statements', () => {
  it('of fixed text take parameters', async () => {
    const session = await sessions.open(database.current.url);
    const rows = await runText<{ sum: number; names: string[] }>(
      session,
      'select $1::int4 + 1 as sum, $2::text[] as names',
      [41, ['a']],
    );
    expect([...rows]).toEqual([{ sum: 42, names: ['a'] }]);
    expect([...(await runText(session, 'select 1 as one'))]).toEqual([{ one: 1 }]);
  });

  it('by the simple protocol may be several', async () => {
    const session = await sessions.open(database.current.url);
    const results = (await simpleText(session, 'select 1 as a; select 2 as b')) as unknown as {
      [key: string]: number;
    }[][];
    expect(results.map((rows) => [...rows])).toEqual([[{ a: 1 }], [{ b: 2 }]]);
  });

  it('are sent at once and in order', async () => {
    const session = await sessions.open(database.current.url);
    const sent = [
      runText(session, 'create temp table steps (id int4)'),
      runText(session, 'insert into steps values ($1)', [1]),
      simpleText(session, 'commit'),
    ];
    const [row] = await runText<{ count: number }>(session, 'select count(*)::int4 as count from steps');
    expect(row?.count).toBe(1);
    await Promise.all(sent);
  });

  it('are described without being run', async () => {
    const session = await sessions.open(database.current.url);
    expect(await describeText(session, 'select $1::int8 as id, now() as at')).toEqual({
      parameterTypes: [20],
      columns: [
        { name: 'id', type: 20 },
        { name: 'at', type: 1184 },
      ],
    });
    expect(await describeText(session, 'create table never (id int4)')).toEqual({ parameterTypes: [], columns: [] });
    await expect(describeText(session, 'selec 1')).rejects.toMatchObject({ code: '42601', position: '1' });
    const [row] = await session.sql`select to_regclass('never') is null as absent`;
    expect(row?.['absent']).toBe(true);
  });

  it('reach a table with a dot in its name', async () => {
    const session = await sessions.open(database.current.url);
    const name = 'a."b';
    await session.sql`create table ${identifier(session.sql, { schema: 'public', name })} (id int4)`;
    await session.sql`insert into ${identifier(session.sql, name)} (id) values (${7})`;
    const [row] = await session.sql`select id from ${identifier(session.sql, name)}`;
    expect(row?.['id']).toBe(7);
  });
});
