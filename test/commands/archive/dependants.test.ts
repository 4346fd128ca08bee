import { beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import type { Table } from '../../chaos/archive/shadow.ts';
import { createShadow, shadowRows, TABLES } from '../../chaos/archive/shadow.ts';
import { insert } from '../../schema/rows.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { useArchiveCommands } from './fixture.ts';

const [FIRST, SECOND] = [monthsAgo(9), monthsAgo(8)] as const;

const failing = (point: string) => ({ NODE_ENV: 'test', ORDERSYNC_FAULT: `${point}:throw` });

describe('what depends on orders and payments', () => {
  const commands = useArchiveCommands();
  const superuser = () => commands.database.current.sql;
  const check = async (finished: boolean) =>
    (await checkArchive(superuser(), directoryReader(commands.store.path), { finished })).violations;

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: [FIRST, SECOND], rows: 40 });
    await createShadow(superuser());
  });

  const anyOf = async (table: Table, month: string): Promise<Record<string, string>> => {
    const [row] = await superuser()<Record<string, string>[]>`
      select * from ${superuser()(table)} where created_at >= ${`${month}-01T00:00:00Z`} order by created_at, id limit 1`;
    return row!;
  };

  test('an orders month stays while payments refer to it, and a payments month with a young refund stays', async () => {
    const payment = await anyOf('payments', FIRST);
    const refund = await insert(superuser(), 'payment_refunds', { payment_id: payment['id']!, amount: 1 });
    const { code, stdout, stderr } = await commands.archive(`run --month ${FIRST} --table payments --table orders`);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('stays') });
    expect(stderr).toContain(`payments ${FIRST} stays: 1 of its rows in payment_refunds are of`);
    expect(stderr).toMatch(new RegExp(`orders ${FIRST} stays: 10 rows of payments refer to it`));
    expect(await commands.rows('list')).toEqual([]);
    await superuser()`delete from payment_refunds where id = ${refund}`;
  });

  test('rows that change while they leave stay, are named, and become a supplement of their month', async () => {
    const run = 'run --older-than 6 months --table payments';
    // Stopped when rows may begin to leave.
    expect(await commands.archive(run, failing('archive-leaving'))).toMatchObject({ code: 6 });
    const event = await anyOf('payment_events', FIRST);
    await superuser()`update payment_events set amount = amount + 1 where id = ${event['id']!}`;
    const late = await insert(superuser(), 'payment_events', {
      payment_id: event['payment_id']!,
      event_type: 'CANCELLED',
      amount: 7,
      created_at: `${FIRST}-28T23:59:59.999999Z`,
    });
    await shadowRows(superuser(), 'payment_events', `id in ('${event['id']}', '${late}')`);
    const { code, stderr } = await commands.archive(run);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('archived as supplement 1') });
    const rows = await commands.rows('list --table payments');
    expect(rows.map(({ month, kind, state }) => [month, kind, state])).toContainEqual([
      FIRST,
      'supplement 1',
      'dropped',
    ]);
    expect(rows.every(({ state }) => state === 'dropped')).toBe(true);
    expect(await check(true)).toEqual([]);
  });

  test('a row that comes while its month leaves is told in that run, and archived by the next', async () => {
    const order = await anyOf('orders', FIRST);
    const trigger = `
      create function add_late() returns trigger language plpgsql as $$
      begin
        insert into order_items (order_id, menu_id, quantity, unit_price, created_at)
        select '${order['id']}', id, 3, 3, '${FIRST}-28T01:02:03Z' from menus limit 1;
        return null;
      end $$;
      create trigger add_late after delete on order_status_history for each statement execute function add_late();`;
    await superuser().unsafe(trigger);
    const run = `run --month ${FIRST} --table orders`;
    const { code, stderr } = await commands.archive(run);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('changed since its export') });
    await superuser().unsafe('drop function add_late() cascade');
    await shadowRows(superuser(), 'order_items', 'quantity = 3');
    expect(await check(false)).toEqual([]);
    expect(await commands.archive(run)).toMatchObject({ code: 0 });
    expect(await check(true)).toEqual([]);
  });

  test('a month that is exported again after its dependants have left keeps what was archived of them', async () => {
    const run = 'run --older-than 6 months --table orders';
    expect(await commands.archive(run, failing('archive-before-drop'))).toMatchObject({ code: 6 });
    const table = `orders_y${SECOND.replace('-', 'm')}`;
    const [order] = await superuser()<{ id: string }[]>`
      update ${superuser()(table)} set version = 99
      where id = (select id from ${superuser()(table)} limit 1) returning id`;
    const [row] = await superuser()`select to_jsonb(o) as row from ${superuser()(table)} o where id = ${order!.id}`;
    expect(row).toBeDefined();
    expect(await commands.archive(run)).toMatchObject({ code: 5 });
    await superuser().unsafe(`
      update shadow set row = row || '{"version": "99"}' where table_name = 'orders' and id = '${order!.id}'`);
    const [again] = await commands.rows(run);
    expect(again).toMatchObject({ state: 'dropped', rows: 10, dependant_rows: 40 });
    expect(await check(true)).toEqual([]);
  });

  test('a payment that comes late, with all that depends on it, does not keep its month from being dropped', async () => {
    const month = monthsAgo(12);
    const run = `run --month ${month} --table payments`;
    await fillMonths(commands.sql(), { months: [month], rows: 8 });
    for (const table of TABLES) await shadowRows(superuser(), table);
    expect(await commands.archive(run, failing('archive-before-drop'))).toMatchObject({ code: 6 });
    const order = await anyOf('orders', month);
    const [late] = await superuser()<{ id: string }[]>`
      with made as (
        insert into orders (id, restaurant_id, items_encrypted, items_key_id, subtotal, total_amount, created_at)
        select uuid_v7(at), ${order['restaurant_id']!}, 'none', 'none', 5, 5, at
        from (select ${`${month}-15T00:00:00Z`}::text::timestamptz as at) late returning id, created_at
      )
      insert into payments (id, order_id, amount, net_amount, payment_method, external_id_encrypted, external_key_id, created_at)
      select uuid_v7(created_at), id, 5, 5, 'CASH', 'none', 'none', created_at from made returning id`;
    await insert(superuser(), 'payment_events', {
      payment_id: late!.id,
      event_type: 'CAPTURED',
      amount: 5,
      created_at: `${month}-15T00:00:01Z`,
    });
    for (const table of TABLES) await shadowRows(superuser(), table);
    expect(await commands.rows(run)).toMatchObject([{ state: 'dropped' }]);
    expect(await check(false)).toEqual([]);
    expect(await commands.rows(run)).toMatchObject([
      { kind: 'supplement 1', state: 'dropped', rows: 1, dependant_rows: 2 },
    ]);
    expect(await check(true)).toEqual([]);
  });
});
