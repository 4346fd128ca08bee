import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRequest, useSchema } from '../support/schema.ts';
import { addRestaurant, addUser } from './rows.ts';

describe('the search text of a restaurant', () => {
  const database = useSchema();
  let cook: string;
  beforeAll(async () => {
    cook = await addUser(database.current.as('owner'));
  });

  /** As its owner does it, through row security and column grants. */
  async function change(columns: Readonly<Record<string, string | number>>): Promise<postgres.Row | undefined> {
    const owner = database.current.as('owner');
    const id = await addRestaurant(owner, cook, { name_search: '교촌치킨' });
    await inRequest(
      database.current.as('shop'),
      { 'app.current_user_id': cook },
      async (sql) => sql`update restaurants set ${sql(columns)} where id = ${id}`,
    );
    return (await owner`select name_search, updated_at > created_at as touched from restaurants where id = ${id}`)[0];
  }

  test('is what the application wrote, at registration and at renaming', async () => {
    expect(await change({ version: 2 })).toMatchObject({ name_search: '교촌치킨' });
    expect(await change({ name_encrypted: 'new', name_search: '굽네치킨', version: 2 })).toEqual({
      name_search: '굽네치킨',
      touched: true,
    });
  });

  test.each([
    ['under the same key', { name_encrypted: 'new' }],
    [
      'under another key, as a change (another version)',
      { name_encrypted: 'new', name_key_id: 'business-v2', version: 2 },
    ],
  ])('goes when the name changes without it, %s', async (_how, columns) => {
    expect(await change(columns)).toEqual({ name_search: null, touched: true });
  });

  test('stays at a re-encryption, and so does updated_at', async () => {
    expect(await change({ name_encrypted: 'new', name_key_id: 'business-v2' })).toEqual({
      name_search: '교촌치킨',
      touched: false,
    });
  });

  test('is found by word, and by any part of three characters, with an index for each', async () => {
    const owner = database.current.as('owner');
    await owner`
      insert into restaurants (owner_id, name_encrypted, name_key_id, address_encrypted, address_key_id, phone_encrypted,
        phone_key_id, name_search)
      select ${cook}, 'c', 'k', 'c', 'k', 'c', 'k', '매장' || n || ' 분식' from generate_series(1, 5000) n`;
    await addRestaurant(owner, cook, { name_search: '한강 굽네통닭집' });
    // Vacuum moves new entries out of the pending lists of the GIN indexes.
    await owner`vacuum (analyze) restaurants`;
    const byWord = (prefix: string) => owner`
      ${owner.unsafe(prefix)} select name_search from restaurants
      where to_tsvector('korean', name_search) @@ to_tsquery('korean', '한강')`;
    const byPart = (prefix: string) => owner`
      ${owner.unsafe(prefix)} select name_search from restaurants where name_search like '%네통닭%'`;
    expect(await byWord('')).toEqual([{ name_search: '한강 굽네통닭집' }]);
    expect(await byPart('')).toEqual([{ name_search: '한강 굽네통닭집' }]);
    expect(JSON.stringify(await byWord('explain'))).toMatch(/on idx_restaurants_name_search\b/);
    expect(JSON.stringify(await byPart('explain'))).toMatch(/on idx_restaurants_name_search_trgm\b/);
  });
});

describe('updated_at', () => {
  const database = useSchema();

  test.each(['users', 'restaurants', 'menus', 'notification_templates'])(
    'of %s moves with every change',
    async (table) => {
      const owner = database.current.as('owner');
      const triggers = await owner`
      select from pg_trigger where tgrelid = ${table}::regclass and tgfoid = 'set_updated_at()'::regprocedure`;
      expect(triggers).toHaveLength(1);
      const covered = await owner<{ columns: string[] }[]>`
      select array(
        select attname from pg_attribute
        where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attname <> 'updated_at'
          and pg_get_triggerdef(pg_trigger.oid) !~ ('old\\.' || attname || '\\M')
      ) as columns
      from pg_trigger where tgrelid = ${table}::regclass and tgfoid = 'set_updated_at()'::regprocedure`;
      expect(covered[0]?.columns).toEqual([]);
    },
  );

  test('keeps a time that the statement sets itself', async () => {
    const owner = database.current.as('owner');
    const user = await addUser(owner);
    await owner`update users set status = 'SUSPENDED', updated_at = '2020-01-01T00:00:00Z' where id = ${user}`;
    expect(await owner`select updated_at from users where id = ${user}`).toEqual([
      { updated_at: new Date('2020-01-01T00:00:00Z') },
    ]);
  });
});
