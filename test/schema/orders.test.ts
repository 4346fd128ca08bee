import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { failureOf, inRequest, sqlstateOf, useSchema } from '../support/schema.ts';
import { addOrder, addPayment, addRestaurant, addUser, hashOf } from './rows.ts';

const GUEST = { anonymous_token: hashOf('guest'), anonymous_expires_at: '2999-01-01T00:00:00Z' };

describe('an order', () => {
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
  });

  const asCook = () => ({ 'app.current_user_id': cook });
  const asCustomer = () => ({ 'app.current_user_id': customer });
  const expire = async () => owner`select expire_anonymous_orders()`;
  const read = async (order: string) =>
    (await owner`select status, version, cancelled_at is not null as cancelled from orders where id = ${order}`)[0];
  const change = async (who: Readonly<Record<string, string>>, order: string, status: string, version: number) =>
    inRequest(database.current.as('shop'), who, async (sql) => {
      const [row] = await sql<{ version: string }[]>`
        select change_order_status(${order}, ${status}, ${version}, 'reason') as version`;
      return row?.version;
    });
  const historyOf = async (order: string) =>
    owner`
      select old_status, new_status, changed_by, reason from order_status_history
      where order_id = ${order} order by created_at`;

  test.each([
    ['a total that is not the sum', { total_amount: 9999 }, 'ck_orders_amounts'],
    ['a negative discount', { discount_amount: -1, total_amount: 10_001 }, 'ck_orders_amounts_not_negative'],
    ['a negative total', { discount_amount: 10_001, total_amount: -1 }, 'ck_orders_amounts_not_negative'],
    ['half a pair', { table_info_encrypted: 'cipher' }, 'ck_orders_table_info_pair'],
    ['an unknown status', { status: 'EATEN' }, 'ck_orders_status'],
  ])('with %s is refused', async (_what, columns, constraint) => {
    expect(await failureOf(addOrder(owner, restaurant, columns))).toMatchObject({
      code: '23514',
      constraint_name: constraint,
    });
  });

  test('without a discount is refused: the sum would hold for any total', async () => {
    expect(await sqlstateOf(addOrder(owner, restaurant, { discount_amount: null, total_amount: 1 }))).toBe('23502');
  });

  describe('changes its status', () => {
    test('from PENDING to COMPLETED by its restaurant, with times, versions and history', async () => {
      const order = await addOrder(owner, restaurant, { customer_id: customer });
      for (const [index, status] of ['ACCEPTED', 'PREPARING', 'READY', 'COMPLETED'].entries()) {
        expect(await change(asCook(), order, status, index + 1)).toBe(String(index + 2));
      }
      const [row] = await owner`
        select status, version, num_nonnulls(accepted_at, preparing_at, ready_at, completed_at) as times, cancelled_at
        from orders where id = ${order}`;
      expect(row).toEqual({ status: 'COMPLETED', version: '5', times: 4, cancelled_at: null });
      expect(await historyOf(order)).toMatchObject([
        { old_status: 'PENDING', new_status: 'ACCEPTED', changed_by: cook, reason: 'reason' },
        { old_status: 'ACCEPTED', new_status: 'PREPARING' },
        { old_status: 'PREPARING', new_status: 'READY' },
        { old_status: 'READY', new_status: 'COMPLETED' },
      ]);
    });

    test('to CANCELLED by its customer, or its guest, while it is PENDING', async () => {
      const order = await addOrder(owner, restaurant, { customer_id: customer });
      const guestOrder = await addOrder(owner, restaurant, GUEST);
      expect(await change(asCustomer(), order, 'CANCELLED', 1)).toBe('2');
      expect(await change({ 'app.anonymous_token_hash': GUEST.anonymous_token }, guestOrder, 'CANCELLED', 1)).toBe('2');
      const rows = await owner`select from orders where id in (${order}, ${guestOrder}) and cancelled_at is not null`;
      expect(rows).toHaveLength(2);
    });

    test('not when another transaction has changed it since it was read', async () => {
      const order = await addOrder(owner, restaurant, { customer_id: customer, version: 7 });
      expect(await sqlstateOf(change(asCook(), order, 'ACCEPTED', 6))).toBe('40001');
    });

    test.each([
      ['skipping a step', asCook, 'READY', '23514'],
      ['back to PENDING', asCook, 'PENDING', '23514'],
      ['by its customer to ACCEPTED', asCustomer, 'ACCEPTED', '23514'],
      [
        'by a stranger',
        () => ({ 'app.current_user_id': 'f47ac10b-58cc-4372-a567-0e02b2c3d479' }),
        'CANCELLED',
        'P0002',
      ],
      ['by nobody', () => ({}), 'CANCELLED', 'P0002'],
    ])('not %s', async (_how, who, status, code) => {
      const order = await addOrder(owner, restaurant, { customer_id: customer });
      expect(await sqlstateOf(change(who(), order, status, 1))).toBe(code);
      expect(await historyOf(order)).toEqual([]);
    });
  });

  describe('of a guest expires', () => {
    const past = { ...GUEST, anonymous_expires_at: '2026-01-01T00:00:00Z' };

    test('when its time is over, READY ones too: with its time, its version and its history', async () => {
      const orders = await Promise.all(
        ['PENDING', 'READY'].map(async (status) => addOrder(owner, restaurant, { ...past, status })),
      );
      await expire();
      for (const [index, order] of orders.entries()) {
        expect(await read(order)).toEqual({ status: 'CANCELLED', version: '2', cancelled: true });
        expect(await historyOf(order)).toEqual([
          {
            old_status: ['PENDING', 'READY'][index],
            new_status: 'CANCELLED',
            changed_by: null,
            reason: 'ANONYMOUS_EXPIRED',
          },
        ]);
      }
      await expire();
      expect(await read(orders[0]!)).toMatchObject({ version: '2' });
    });

    test('not before, not when it is over already, and not when a customer is known', async () => {
      const orders = [
        await addOrder(owner, restaurant, GUEST),
        await addOrder(owner, restaurant, { ...past, status: 'COMPLETED' }),
        await addOrder(owner, restaurant, { ...past, customer_id: customer }),
      ];
      await expire();
      for (const order of orders) expect(await read(order)).toMatchObject({ version: '1', cancelled: false });
    });

    test('and says in its history, and in a warning, that it was paid', async () => {
      const order = await addOrder(owner, restaurant, past);
      await addPayment(owner, order, { status: 'CAPTURED' });
      await expire();
      expect(await historyOf(order)).toMatchObject([{ reason: 'ANONYMOUS_EXPIRED_PAID' }]);
      expect(database.current.notices).toContain('1 expired anonymous orders have a captured payment');
    });

    test('later, when somebody is working on it', async () => {
      const order = await addOrder(owner, restaurant, past);
      await database.current.as('staff').begin(async (working) => {
        await working`select from orders where id = ${order} for update`;
        await expire();
      });
      expect(await read(order)).toMatchObject({ status: 'PENDING' });
      await expire();
      expect(await read(order)).toMatchObject({ status: 'CANCELLED' });
    });
  });
});
