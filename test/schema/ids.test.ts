import { describe, expect, test } from 'vitest';
import { sqlstateOf, useSchema } from '../support/schema.ts';

describe('uuid_v7', () => {
  const database = useSchema();

  test('is a UUID of version 7 and its variant, that carries the millisecond', async () => {
    const rows = await database.current.as('owner')<{ id: string; same: boolean }[]>`
      select id, uuid_v7_timestamp(id) = date_trunc('milliseconds', at) as same
      from (select uuid_v7(at) as id, at
            from generate_series(timestamptz '1970-01-01', '2200-01-01', interval '1 year 3 days 00:00:01.234567') at) made`;
    expect(rows.length).toBeGreaterThan(200);
    for (const { id, same } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(same).toBe(true);
    }
  });

  test('is never below the floor of its moment, never as high as the next millisecond’s, and never twice the same', async () => {
    const [row] = await database.current.as('owner')`
      select bool_and(id >= uuid_v7_floor(now()) and id < uuid_v7_floor(now() + interval '1 millisecond')) as within,
        count(distinct id)::integer as ids
      from (select uuid_v7() as id from generate_series(1, 10000)) made`;
    expect(row).toEqual({ within: true, ids: 10_000 });
  });

  test('has floors without random bits: the bounds of months', async () => {
    const [row] = await database.current.as('owner')`select uuid_v7_floor('2025-01-01 00:00:00+00') as id`;
    expect(row).toEqual({ id: '01941f29-7c00-0000-0000-000000000000' });
  });

  test('refuses moments it cannot hold', async () => {
    const sql = database.current.as('owner');
    expect(await sqlstateOf(sql`select uuid_v7_floor('1969-12-31 23:59:59+00')`)).toBe('22P02');
    expect(await sqlstateOf(sql`select uuid_v7('infinity')`)).toBe('22P02');
  });
});

describe('app_current_user_id', () => {
  const database = useSchema();

  test('is null without the setting, and with an empty one', async () => {
    const sql = database.current.as('shop');
    expect(await sql`select app_current_user_id() as id`).toEqual([{ id: null }]);
    await sql.begin(async (transaction) => transaction`select set_config('app.current_user_id', '', true)`);
    expect(await sql`select app_current_user_id() as id`).toEqual([{ id: null }]);
  });
});
