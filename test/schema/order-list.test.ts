import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRequest, useSchema } from '../support/schema.ts';
import { addMenu, addRestaurant, addUser, type Client } from './rows.ts';

/** The specification's query for a restaurant owner's order list, with the id as its parameter. */
const orderList = (sql: Client, restaurant: string, explain = false) => sql`
  ${explain ? sql`explain (format json)` : sql``}
  select
    o.id, o.total_amount, o.status, o.created_at,
    jsonb_agg(
      jsonb_build_object(
        'menu_id', m.id,
        'menu_name', m.name_encrypted,
        'price', m.price,
        'quantity', oi.quantity
      )
    ) as items
  from orders o
  join order_items oi on oi.order_id = o.id
  join menus m on m.id = oi.menu_id
  where o.restaurant_id = ${restaurant}
    and o.status in ('PENDING', 'ACCEPTED', 'PREPARING')
  group by o.id
  order by o.created_at desc
  limit 20`;

interface PlanNode {
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

function indexesOf(node: PlanNode): readonly string[] {
  const own = node['Index Name'] === undefined ? [] : [node['Index Name']];
  return [...own, ...(node.Plans ?? []).flatMap(indexesOf)];
}

describe('the order list of a restaurant', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let restaurant: string;
  let cook: string;
  let customer: string;
  beforeAll(async () => {
    owner = database.current.as('owner');
    cook = await addUser(owner);
    customer = await addUser(owner);
    restaurant = await addRestaurant(owner, cook);
    const others = await owner<{ ids: string[] }[]>`
      with made as (
        insert into restaurants (owner_id, name_encrypted, name_key_id, address_encrypted, address_key_id, phone_encrypted,
          phone_key_id)
        select ${await addUser(owner)}, 'c', 'k', 'c', 'k', 'c', 'k' from generate_series(1, 300)
        returning id
      )
      select array_agg(id) as ids from made`;
    const menu = await addMenu(owner, restaurant);
    // One order in fifty is the restaurant's, one of five of those is active; the others are of 300 restaurants.
    await owner`
      insert into orders (id, restaurant_id, customer_id, items_encrypted, items_key_id, subtotal, total_amount, status, created_at)
      select uuid_v7(now() + n * interval '1 second'), case when n % 50 = 0 then ${restaurant}::uuid else (${others[0]!.ids}::uuid[])[n % 300 + 1] end,
        case when n % 500 = 1 then ${customer}::uuid end,
        'cipher', 'pii-v1', 1000, 1000, case when n % 250 = 0 then 'PENDING' else 'COMPLETED' end,
        now() + n * interval '1 second'
      from generate_series(1, 20000) n`;
    await owner`
      insert into order_items (order_id, menu_id, quantity, unit_price)
      select id, ${menu}, 2, 500 from orders`;
    await owner`analyze orders, order_items, menus, restaurants`;
  });

  test('is the specification’s query: newest first, with the dishes', async () => {
    const rows = await orderList(owner, restaurant);
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatchObject({ status: 'PENDING', total_amount: '1000', items: [{ quantity: 2, price: 9000 }] });
    const times = rows.map((row) => (row['created_at'] as Date).getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test.each(['owner of the tables', 'restaurant owner under row security'])(
    'uses an index made for it: %s',
    async (who) => {
      const [row] = who.startsWith('restaurant')
        ? await inRequest(database.current.as('shop'), { 'app.current_user_id': cook }, async (sql) =>
            orderList(sql, restaurant, true),
          )
        : await orderList(owner, restaurant, true);
      const [{ Plan: plan }] = row!['QUERY PLAN'] as [{ Plan: PlanNode }];
      const used = await owner<{ name: string }[]>`
      select distinct inhparent::regclass::text as name
      from pg_inherits
      join pg_class on pg_class.oid = inhrelid
      where relname = any (${[...indexesOf(plan)]})`;
      expect(['idx_orders_active', 'idx_orders_restaurant_status']).toContain(
        used.map(({ name }) => name).find((name) => name.startsWith('idx_orders_')),
      );
    },
  );

  test('and that of a customer: row security reads a full month by its indexes, not from end to end', async () => {
    const [full] = await owner<{ partition: string }[]>`
      select tableoid::regclass::text as partition from orders group by 1 order by count(*) desc limit 1`;
    for (const user of [cook, customer]) {
      const lines = await inRequest(
        database.current.as('shop'),
        { 'app.current_user_id': user },
        async (sql) => sql<{ 'QUERY PLAN': string }[]>`explain (costs off) select id, status from orders`,
      );
      const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
      expect(plan).toContain('BitmapOr');
      expect(plan).toContain(`Bitmap Heap Scan on ${full?.partition}`);
    }
  });
});
