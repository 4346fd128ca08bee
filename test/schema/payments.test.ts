import type postgres from 'postgres';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, inRequest, sqlstateOf, useSchema } from '../support/schema.ts';
import { addOrder, addPayment, addRefund, addRestaurant, addUser, insert } from './rows.ts';

describe('payments', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let restaurant: string;
  let order: string;
  beforeAll(async () => {
    owner = database.current.as('owner');
    restaurant = await addRestaurant(owner, await addUser(owner));
  });
  beforeEach(async () => {
    order = await addOrder(owner, restaurant);
  });

  test('are one per order: a second is refused under the name uk_payments_order_id, in whatever month', async () => {
    await addPayment(owner, order);
    const [id] = await owner<{ id: string; at: string }[]>`
      select uuid_v7(now() + interval '40 days') as id, (now() + interval '40 days')::text as at`;
    const second = addPayment(owner, order, { id: id!.id, created_at: id!.at });
    expect(await failureOf(second)).toMatchObject({ code: '23505', constraint_name: 'uk_payments_order_id' });
  });

  test('are refused a second time for the shop, too, which has no right on the keys', async () => {
    const customer = await addUser(owner);
    const mine = await addOrder(owner, restaurant, { customer_id: customer });
    const pay = async () =>
      inRequest(database.current.as('shop'), { 'app.current_user_id': customer }, async (sql) => addPayment(sql, mine));
    await pay();
    expect(await failureOf(pay())).toMatchObject({ code: '23505', constraint_name: 'uk_payments_order_id' });
  });

  test('of two transactions for one order the second waits, and is refused', async () => {
    const staff = database.current.as('staff');
    let second: Promise<string | undefined> | undefined;
    await owner.begin(async (first) => {
      await addPayment(first, order);
      second = sqlstateOf(addPayment(staff, order));
    });
    expect(await second).toBe('23505');
  });

  test('release the order when they go, and follow it when it changes', async () => {
    const payment = await addPayment(owner, order);
    const other = await addOrder(owner, restaurant);
    await owner`update payments set order_id = ${other} where id = ${payment}`;
    const next = await addPayment(owner, order);
    expect(await sqlstateOf(addPayment(owner, other))).toBe('23505');
    await owner`delete from payments where id = ${next}`;
    expect(await sqlstateOf(addPayment(owner, order))).toBeUndefined();
  });

  test('that failed are retried in the same row', async () => {
    const payment = await addPayment(owner, order, { status: 'FAILED' });
    const retried = await database.current.as('staff')`
      update payments set status = 'PENDING', payment_method = 'KAKAOPAY', version = version + 1
      where id = ${payment} returning version`;
    expect(retried).toEqual([{ version: '2' }]);
  });

  test.each([
    ['a net amount that is not the difference', { net_amount: 1 }, 'ck_payments_amounts'],
    ['a negative amount', { amount: -100, fee: 0, net_amount: -100 }, 'ck_payments_amounts_not_negative'],
    ['a fee above the amount', { fee: 10_001, net_amount: -1 }, 'ck_payments_amounts_not_negative'],
    ['half a pair', { card_info_encrypted: 'cipher' }, 'ck_payments_card_info_pair'],
    ['an external id in the clear as its hash', { external_id_hash: 'toss-123' }, 'ck_payments_external_id_hash'],
  ])('with %s are refused', async (_what, columns, constraint) => {
    expect(await failureOf(addPayment(owner, order, columns))).toMatchObject({ constraint_name: constraint });
  });

  test('without a fee are refused: the difference would hold for any net amount', async () => {
    expect(await sqlstateOf(addPayment(owner, order, { fee: null, net_amount: 1 }))).toBe('23502');
  });

  describe('refunds', () => {
    test('are positive, and together not more than was paid; failed ones do not count', async () => {
      const payment = await addPayment(owner, order);
      expect(await failureOf(addRefund(owner, payment, { amount: -5 }))).toMatchObject({
        constraint_name: 'ck_refunds_amount',
      });
      await addRefund(owner, payment, { amount: 6000 });
      await addRefund(owner, payment, { amount: 9000, status: 'FAILED' });
      await addRefund(owner, payment, { amount: 4000 });
      expect(await failureOf(addRefund(owner, payment, { amount: 1 }))).toMatchObject({
        code: '23514',
        constraint_name: 'ck_refunds_total',
      });
    });

    test('cannot grow, or come back from FAILED, beyond what was paid', async () => {
      const payment = await addPayment(owner, order);
      const refund = await addRefund(owner, payment, { amount: 10_000 });
      const failed = await addRefund(owner, payment, { amount: 1, status: 'FAILED' });
      expect(await sqlstateOf(owner`update payment_refunds set amount = 10001 where id = ${refund}`)).toBe('23514');
      expect(await sqlstateOf(owner`update payment_refunds set status = 'PENDING' where id = ${failed}`)).toBe('23514');
    });

    test('of two transactions at one moment do not both fit', async () => {
      const payment = await addPayment(owner, order);
      let second: Promise<string | undefined> | undefined;
      await owner.begin(async (first) => {
        await addRefund(first, payment, { amount: 6000 });
        second = sqlstateOf(addRefund(database.current.as('staff'), payment, { amount: 6000 }));
      });
      expect(await second).toBe('23514');
    });
  });

  test('have their current state in a view of bigint, which is refreshed without blocking readers', async () => {
    const payment = await addPayment(owner, order);
    for (const [type, amount] of [
      ['AUTHORIZED', 10_000],
      ['CAPTURED', 10_000],
      ['REFUNDED', 3000],
      ['REFUNDED', 500],
    ] as const) {
      await insert(owner, 'payment_events', { payment_id: payment, event_type: type, amount });
    }
    const state = async () =>
      database.current.as('staff')`
        select captured_amount, refunded_amount, net_amount from payment_current_state where payment_id = ${payment}`;
    await database.current.as('staff').begin(async (reader) => {
      await reader`select from payment_current_state`;
      await owner`select refresh_payment_current_state()`;
    });
    expect(await state()).toEqual([{ captured_amount: '10000', refunded_amount: '3500', net_amount: '6500' }]);
  });
});
