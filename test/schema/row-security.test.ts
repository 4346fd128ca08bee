import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRequest, sqlstateOf, useSchema } from '../support/schema.ts';
import {
  addMenu,
  addNotification,
  addOrder,
  addOrderItem,
  addPayment,
  addRefund,
  addRestaurant,
  addSession,
  addUser,
  hashOf,
  insert,
} from './rows.ts';

const TOKEN = hashOf('session token');
const GUEST = hashOf('anonymous token');

/** One of everything per party: customer `ada` at `bo`'s restaurant, a guest there too, and `eve`, who has to do with neither. */
interface World {
  readonly ada: string;
  readonly bo: string;
  readonly eve: string;
  readonly boRestaurant: string;
  readonly eveRestaurant: string;
  readonly menu: string;
  readonly adaOrder: string;
  readonly guestOrder: string;
}

async function build(sql: postgres.Sql): Promise<World> {
  const [ada, bo, eve] = [await addUser(sql), await addUser(sql), await addUser(sql)];
  const boRestaurant = await addRestaurant(sql, bo);
  const eveRestaurant = await addRestaurant(sql, eve, { status: 'CLOSED' });
  const menu = await addMenu(sql, boRestaurant);
  const adaOrder = await addOrder(sql, boRestaurant, { customer_id: ada });
  const guestOrder = await addOrder(sql, boRestaurant, {
    anonymous_token: GUEST,
    anonymous_expires_at: '2999-01-01T00:00:00Z',
  });
  for (const order of [adaOrder, guestOrder]) {
    await addOrderItem(sql, order, menu);
    await insert(sql, 'order_status_history', { order_id: order, new_status: 'PENDING' });
    const payment = await addPayment(sql, order);
    await addRefund(sql, payment);
    await insert(sql, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 10_000 });
  }
  await addSession(sql, ada, { access_token_hash: TOKEN });
  await addSession(sql, bo);
  await addNotification(sql, { recipient_id: ada });
  return { ada, bo, eve, boRestaurant, eveRestaurant, menu, adaOrder, guestOrder };
}

const PROTECTED =
  'user_sessions restaurants menus orders order_items order_status_history payments payment_events payment_refunds notification_logs'.split(
    ' ',
  );

async function countVisible(sql: postgres.TransactionSql): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const table of PROTECTED) {
    const [row] = await sql<{ rows: number }[]>`select count(*)::integer as rows from ${sql(table)}`;
    counts[table] = row!.rows;
  }
  return counts;
}

describe('row security', () => {
  const database = useSchema();
  let shop: postgres.Sql;
  let world: World;
  beforeAll(async () => {
    world = await build(database.current.as('owner'));
    shop = database.current.as('shop');
  });

  const asUser = async <Result>(user: string, work: (sql: postgres.TransactionSql) => Promise<Result>) =>
    inRequest(shop, { 'app.current_user_id': user }, work);

  const ofOneOrder = {
    orders: 1,
    order_items: 1,
    order_status_history: 1,
    payments: 1,
    payment_events: 1,
    payment_refunds: 1,
  };
  const ofBothOrders = Object.fromEntries(Object.keys(ofOneOrder).map((table) => [table, 2]));
  const ofNoOrder = Object.fromEntries(Object.keys(ofOneOrder).map((table) => [table, 0]));

  test.each([
    [
      'a customer: the open restaurants and his own',
      'ada',
      { ...ofOneOrder, user_sessions: 1, restaurants: 1, notification_logs: 1 },
    ],
    [
      'an owner: his restaurant and its orders',
      'bo',
      { ...ofBothOrders, user_sessions: 1, restaurants: 1, notification_logs: 0 },
    ],
    [
      'a stranger: his closed restaurant and nobody else',
      'eve',
      { ...ofNoOrder, user_sessions: 0, restaurants: 2, notification_logs: 0 },
    ],
  ] as const)('shows %s', async (_what, user, visible) => {
    expect(await asUser(world[user], countVisible)).toEqual({ menus: 1, ...visible });
  });

  test('shows nobody, whose setting is unset or empty, what everybody may see, without an error', async () => {
    const everybody = { ...ofNoOrder, user_sessions: 0, restaurants: 1, notification_logs: 0, menus: 1 };
    expect(await inRequest(shop, {}, countVisible)).toEqual(everybody);
    expect(await asUser('', countVisible)).toEqual(everybody);
  });

  test('shows a guest with his token the order and what belongs to it', async () => {
    const visible = await inRequest(shop, { 'app.anonymous_token_hash': GUEST }, countVisible);
    expect(visible).toMatchObject(ofOneOrder);
  });

  test('finds the session of a token before the user is known, and no other', async () => {
    const found = await inRequest(
      shop,
      { 'app.session_token_hash': TOKEN },
      async (sql) => sql`select user_id from user_sessions where access_token_hash = ${TOKEN}`,
    );
    expect(found).toEqual([{ user_id: world.ada }]);
    expect(await shop`select from user_sessions where access_token_hash = ${TOKEN}`).toHaveLength(0);
  });

  test('shows staff everything, and lets them change it', async () => {
    const staff = database.current.as('staff');
    expect(await inRequest(staff, {}, countVisible)).toMatchObject({
      ...ofBothOrders,
      user_sessions: 2,
      restaurants: 2,
    });
    const changed = await staff`update orders set estimated_time = 20 where id = ${world.adaOrder} returning id`;
    expect(changed).toHaveLength(1);
  });

  test('makes a session that must see everything fail instead of showing it less', async () => {
    const failure = inRequest(shop, { row_security: 'off' }, async (sql) => sql`select from orders`);
    expect(await sqlstateOf(failure)).toBe('42501');
  });

  test('shows nothing of a partition, not even to a role that was granted it', async () => {
    const [place] = await database.current.as('owner')<{ name: string }[]>`
      select tableoid::regclass::text as name from orders limit 1`;
    expect(await sqlstateOf(shop.unsafe(`select from ${place!.name}`))).toBe('42501');
    await database.current.as('owner').unsafe(`grant select on ${place!.name} to application_role`);
    expect(await asUser(world.ada, async (sql) => sql.unsafe(`select from ${place!.name}`))).toHaveLength(0);
    await database.current.as('owner').unsafe(`revoke select on ${place!.name} from application_role`);
  });

  test.each([
    [
      'another customer',
      async (sql: postgres.TransactionSql) => addOrder(sql, world.boRestaurant, { customer_id: world.ada }),
    ],
    [
      'a guest with another token',
      async (sql) => addOrder(sql, world.boRestaurant, { anonymous_token: 'x', anonymous_expires_at: '2999-01-01' }),
    ],
    [
      'itself, accepted already',
      async (sql) => addOrder(sql, world.boRestaurant, { customer_id: world.eve, status: 'ACCEPTED' }),
    ],
  ] as [string, (sql: postgres.TransactionSql) => Promise<unknown>][])(
    'does not let a customer place an order for %s',
    async (_who, place) => {
      expect(await sqlstateOf(asUser(world.eve, place))).toBe('42501');
    },
  );

  test('lets customers and guests place and pay their orders', async () => {
    const paid = await asUser(world.eve, async (sql) => {
      const order = await addOrder(sql, world.boRestaurant, { customer_id: world.eve });
      await addOrderItem(sql, order, world.menu);
      await insert(sql, 'order_status_history', { order_id: order, new_status: 'PENDING', changed_by: world.eve });
      await addPayment(sql, order);
      return countVisible(sql);
    });
    expect(paid).toMatchObject({ orders: 1, order_items: 1, order_status_history: 1, payments: 1 });
    const token = hashOf('another guest');
    const paidByGuest = await inRequest(shop, { 'app.anonymous_token_hash': token }, async (sql) => {
      const guest = { anonymous_token: token, anonymous_expires_at: '2999-01-01T00:00:00Z' };
      await addPayment(sql, await addOrder(sql, world.boRestaurant, guest));
      return countVisible(sql);
    });
    expect(paidByGuest).toMatchObject({ orders: 1, payments: 1 });
  });

  test.each([
    ['pay for an order of somebody else', async (sql: postgres.TransactionSql) => addPayment(sql, world.adaOrder)],
    ['add items to it', async (sql) => addOrderItem(sql, world.adaOrder, world.menu)],
    [
      'write its history',
      async (sql) => insert(sql, 'order_status_history', { order_id: world.adaOrder, new_status: 'READY' }),
    ],
    ['put a dish on the menu of somebody else', async (sql) => addMenu(sql, world.boRestaurant)],
    ['open a restaurant for somebody else', async (sql) => addRestaurant(sql, world.bo)],
    ['begin a session for somebody else', async (sql) => addSession(sql, world.ada)],
  ] as [string, (sql: postgres.TransactionSql) => Promise<unknown>][])(
    'does not let a stranger %s',
    async (_what, act) => {
      expect(await sqlstateOf(asUser(world.eve, act))).toBe('42501');
    },
  );

  test('does not let history be written in the name of somebody else', async () => {
    const forged = { order_id: world.adaOrder, new_status: 'READY', changed_by: world.bo };
    expect(await sqlstateOf(asUser(world.ada, async (sql) => insert(sql, 'order_status_history', forged)))).toBe(
      '42501',
    );
  });

  test('lets owners change their own menus only', async () => {
    const change = async (sql: postgres.TransactionSql) =>
      sql`update menus set price = 9500, version = version + 1 where id = ${world.menu} returning id`;
    expect(await asUser(world.eve, change)).toHaveLength(0);
    expect(await asUser(world.bo, change)).toHaveLength(1);
  });
});
