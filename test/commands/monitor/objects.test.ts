import stringWidth from 'string-width';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../../support/postgres.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { answer, inSection, monitor, verdictOf } from './fixture.ts';

describe('ordersync monitor table-sizes', () => {
  const database = useDatabase();
  const url = () => database.current.url;

  beforeAll(async () => {
    const { sql } = database.current;
    await sql`create table "Order Items" (id integer primary key, note text)`;
    await sql`insert into "Order Items" select n, repeat(md5(n::text), 200) from generate_series(1, 500) as n`;
    await sql`create table "주문 내역" (id integer)`;
    await sql`insert into "주문 내역" select generate_series(1, 100)`;
    await sql`create table logs (id integer, at integer) partition by range (at)`;
    for (const part of [0, 1, 2]) {
      await sql.unsafe(`create table logs_${part} partition of logs for values from (${part}) to (${part + 1})`);
    }
    await sql`create index logs_id on logs (id)`;
    await sql`insert into logs select n, n % 3 from generate_series(1, 3000) as n`;
    await sql`analyze logs`;
  });

  it('is one line for a partitioned table, with all its partitions in it, and takes any name', async () => {
    const { data } = await answer(url(), 'table-sizes');
    expect(new Set(data.map(({ table }) => table))).toEqual(
      new Set(['public."Order Items"', 'public."주문 내역"', 'public.logs']),
    );
    const [sum] = await database.current.sql<{ bytes: string }[]>`
      select sum(pg_total_relation_size(relid))::text as bytes from pg_partition_tree('logs')`;
    expect(data.find(({ table }) => table === 'public.logs')).toMatchObject({
      total_bytes: Number(sum?.bytes),
      rows_estimate: 3000,
      partitions: 3,
      estimated: false,
    });
    const items = data.find(({ table }) => table === 'public."Order Items"');
    expect(items).toMatchObject({ rows_estimate: null, last_analyze: null });
    expect(Number(items?.['table_bytes']) + Number(items?.['toast_bytes']) + Number(items?.['index_bytes'])).toBe(
      items?.['total_bytes'],
    );
    const parts = await answer(url(), 'table-sizes --partitions --limit 10');
    expect(parts.data.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['public.logs_0', 'public.logs_1', 'public.logs_2']),
    );
    expect(parts.data.some(({ table }) => table === 'public.logs')).toBe(false);
  });

  it('does not wait for a table that a migration holds: its size is an estimate, and says so', async () => {
    const { sql, name } = database.current;
    const mark = await markServerLog();
    await sql.begin(async (transaction) => {
      await transaction`lock table logs_1 in access exclusive mode`;
      const { data } = await answer(url(), 'table-sizes');
      expect(data.find(({ table }) => table === 'public.logs')).toMatchObject({
        estimated: true,
        total_bytes: expect.toSatisfy((bytes) => bytes > 0),
      });
      expect(data.filter(({ estimated }) => estimated === true)).toHaveLength(1);
    });
    await assertNoServerErrors(mark, name);
  });

  it.each([60, 80, 200])('is aligned with Korean names on a terminal of %i columns', async (columns) => {
    const { stdout } = await monitor(url(), 'table-sizes', { tty: true, columns, env: { NO_COLOR: '1' } });
    const lines = stdout.trimEnd().split('\n');
    expect(stdout).toContain('주문 내역');
    expect(stdout).not.toContain('\u001b');
    expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([]);
    const boxed = lines.filter((line) => /^[┌│├└]/.test(line)).map((line) => stringWidth(line));
    expect(new Set(boxed).size).toBe(columns > 80 ? 1 : new Set(boxed).size);
  });

  it('writes no escape byte into a pipe, whatever a name holds', async () => {
    await database.current.sql.unsafe(`create table "\u001b]0;owned\u0007<img>" ()`);
    for (const format of ['table', 'json', 'ndjson', 'csv', 'markdown']) {
      const { stdout, stderr } = await monitor(url(), ['table-sizes', '--format', format]);
      expect(`${stdout}${stderr}`).toContain('img');
      expect(`${stdout}${stderr}`).toSatisfy(hasNoControls);
    }
    await database.current.sql.unsafe(`drop table "\u001b]0;owned\u0007<img>"`);
  });
});

describe('ordersync monitor indexes', () => {
  const database = useDatabase();
  const url = () => database.current.url;
  const all = '--min-size 8kB --min-window 0';

  beforeAll(async () => {
    const { sql } = database.current;
    await sql`create table shops (id integer primary key, name text unique)`;
    await sql`create table orders (
      id integer primary key, shop_id integer references shops, other_shop integer references shops,
      third_shop integer references shops, note text)`;
    await sql`create index orders_shop on orders (shop_id)`;
    await sql`create index orders_third on orders (third_shop) where third_shop is not null`;
    await sql`create index orders_note on orders (note)`;
    await sql`create index orders_note_again on orders (note)`;
    await sql`create index orders_note_shop on orders (note, shop_id)`;
    await sql`insert into shops values (1, 'a')`;
    await sql`insert into orders select n, 1, 1, 1, 'note' from generate_series(1, 1000) as n`;
    await sql`insert into orders values (1001, 1, 1, 1, 'note')`;
    // The build fails on the duplicate and leaves an invalid index behind.
    await sql`create unique index concurrently orders_broken on orders (note)`.catch(() => undefined);
  });

  it('lists what nobody used, never what a constraint needs, and keeps what serves a foreign key', async () => {
    const found = await answer(url(), `indexes ${all}`);
    const unused = inSection(found, 'indexes');
    expect(Object.fromEntries(unused.map(({ index, verdict }) => [index, verdict]))).toEqual({
      'public.orders_shop': 'ok',
      'public.orders_third': 'ok',
      'public.orders_note': 'warning',
      'public.orders_note_again': 'warning',
      'public.orders_note_shop': 'warning',
    });
    expect(unused.find(({ index }) => index === 'public.orders_note')).toMatchObject({
      scans: 0,
      fix: 'drop index concurrently public.orders_note',
      definition: 'CREATE INDEX orders_note ON public.orders USING btree (note)',
    });
  });

  it('calls nothing unused while statistics are young', async () => {
    const unused = inSection(await answer(url(), 'indexes --min-size 8kB'), 'indexes');
    expect(unused.filter(({ verdict }) => verdict === 'warning')).toEqual([]);
    expect(unused.find(({ index }) => index === 'public.orders_note')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('not old enough'),
    });
  });

  it('names each redundant index once, the invalid one and the foreign key without an index; each fix mends it', async () => {
    const found = await answer(url(), `indexes ${all}`);
    expect(new Map(inSection(found, 'duplicate').map(({ index, covered_by }) => [index, covered_by]))).toEqual(
      new Map([
        ['public.orders_note', 'public.orders_note_shop'],
        ['public.orders_note_again', 'public.orders_note'],
      ]),
    );
    expect(inSection(found, 'invalid')).toMatchObject([{ index: 'public.orders_broken', verdict: 'critical' }]);
    expect(inSection(found, 'missing-fk')).toMatchObject([
      { foreign_key: 'orders_other_shop_fkey', columns: ['other_shop'] },
    ]);
    expect((await monitor(url(), `indexes ${all} --check`)).code).toBe(5);
    await database.current.sql`delete from orders where id > 1`;
    for (const section of ['duplicate', 'invalid', 'missing-fk']) {
      for (const { fix } of inSection(found, section)) await database.current.sql.unsafe(String(fix));
    }
    const mended = await answer(url(), `indexes ${all}`);
    for (const section of ['duplicate', 'invalid', 'missing-fk']) expect(inSection(mended, section)).toEqual([]);
  });
});

describe('the schema of OrderSync', () => {
  const database = useSchema();
  const url = () => database.current.url;

  it('has the redundant index and the two foreign keys without one that the specification asks for, and no others', async () => {
    const found = await answer(url(), 'indexes');
    expect(inSection(found, 'duplicate').map(({ index }) => index)).toEqual(['public.idx_menus_restaurant_id']);
    expect(new Set(inSection(found, 'missing-fk').map(({ foreign_key }) => foreign_key))).toEqual(
      new Set(['notification_logs_template_id_fkey', 'order_status_history_changed_by_fkey']),
    );
    expect(inSection(found, 'invalid')).toEqual([]);
  });

  it('is compared with the volumes that it was planned for', async () => {
    const { sql } = database.current;
    const before = await answer(url(), 'volumes');
    expect(new Set(before.data.map(({ table }) => table))).toEqual(
      new Set(
        ['audit_logs', 'menus', 'notification_logs', 'orders', 'payments', 'restaurants', 'user_sessions', 'users'].map(
          (name) => `public.${name}`,
        ),
      ),
    );
    expect(before.data.find(({ table }) => table === 'public.orders')).toMatchObject({
      planned_rows: 5_000_000,
      rows_estimate: null,
      verdict: 'unknown',
      fix: 'analyze public.orders',
    });
    await sql`analyze`;
    expect(verdictOf(await answer(url(), 'volumes'), 'volumes')).toBe('ok');
  });

  it('has its five planned indexes, whose hit rates need traffic to be judged; a missing one is critical', async () => {
    const { sql } = database.current;
    const found = await answer(url(), 'index-targets');
    expect(found.data.map(({ index, target }) => [index, target])).toEqual([
      ['public.idx_audit_logs_created_brin', 0.9],
      ['public.idx_orders_restaurant_status', 0.99],
      ['public.idx_restaurants_location', 0.95],
      ['public.idx_restaurants_name_search', 0.98],
      ['public.idx_users_email_hash', 1],
    ]);
    expect(verdictOf(found, 'index-targets')).toBe('unknown');
    await sql`drop index idx_restaurants_location`;
    expect(
      (await answer(url(), 'index-targets')).data.find(({ index }) => index === 'public.idx_restaurants_location'),
    ).toMatchObject({
      verdict: 'critical',
      size_bytes: null,
    });
  });
});

/** C0 and C1 controls, but for the line breaks of the formats themselves. */
function hasNoControls(text: unknown): boolean {
  return !/[^\P{Cc}\r\n]/u.test(String(text));
}
