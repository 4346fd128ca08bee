import { beforeAll, describe, expect, test } from 'vitest';
import postgres from 'postgres';
import { waitFor } from '../../support/wait.ts';
import {
  addAuditLog,
  addMenu,
  addOrder,
  addOrderItem,
  addPayment,
  addRefund,
  addRestaurant,
  addUser,
  insert,
} from '../../schema/rows.ts';
import { monthFromNow, nameIn, usePartitionCommands } from './fixture.ts';
import { cancelWhenStuck } from '../../support/cancelled.ts';

const at = (month: string) => `${month}-10T00:00:00Z`;

describe('ordersync partition detach', () => {
  const commands = usePartitionCommands();
  const sql = () => commands.database.current.as('owner');

  beforeAll(async () => {
    const { code, stderr } = await commands.partition(`ensure --from ${monthFromNow(-8)}`);
    if (code !== 0) throw new Error(stderr);
  });

  async function placeOf(table: string, id: string): Promise<unknown> {
    const [row] = await sql()`select tableoid::regclass::text as place from ${sql()(table)} where id = ${id}`;
    return row?.['place'];
  }

  test('takes the oldest month out, and late rows of it go to the underflow', async () => {
    const month = monthFromNow(-8);
    await addAuditLog(sql(), { created_at: at(month) });
    expect((await commands.partition(`detach audit_logs --month ${month}`)).code).toBe(4);
    expect(await commands.partition(`detach audit_logs --month ${month} --yes`)).toMatchObject({ code: 0 });
    expect(await sql()`select from audit_logs where created_at < ${`${monthFromNow(-7)}-01T00:00:00Z`}`).toHaveLength(
      0,
    );
    expect(await sql()`select from ${sql()(nameIn('audit_logs', month))}`).toHaveLength(1);
    expect(await placeOf('audit_logs', await addAuditLog(sql(), { created_at: at(month) }))).toBe(
      'audit_logs_underflow',
    );
    expect(await commands.partition(`detach audit_logs --month ${month}`)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is detached already'),
    });
  });

  test('takes a month from the middle out, and an empty one takes its place', async () => {
    const month = monthFromNow(-5);
    await addAuditLog(sql(), { created_at: at(month) });
    const rows = await commands.rows(`detach audit_logs --month ${month} --yes`);
    expect(rows).toMatchObject([{ table: `${nameIn('audit_logs', month)}_detached`, state: 'detached' }]);
    expect(await placeOf('audit_logs', await addAuditLog(sql(), { created_at: at(month) }))).toBe(
      nameIn('audit_logs', month),
    );
    expect(await commands.partition(`detach audit_logs --month ${month} --yes`)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('this month was detached before'),
    });
  });

  test('refuses while rows refer to it, and prints what leaves before, in order, with counts', async () => {
    const owner = sql();
    const month = monthFromNow(-8);
    const restaurant = await addRestaurant(owner, await addUser(owner));
    const [ids] = await owner<{ order: string; payment: string }[]>`
      select uuid_v7(${at(month)}::text::timestamptz) as order, uuid_v7(${at(month)}::text::timestamptz) as payment`;
    const order = await addOrder(owner, restaurant, { id: ids!.order, created_at: at(month) });
    await addOrderItem(owner, order, await addMenu(owner, restaurant));
    await addOrderItem(owner, order, await addMenu(owner, restaurant));
    await insert(owner, 'order_status_history', { order_id: order, new_status: 'PENDING' });
    const payment = await addPayment(owner, order, { id: ids!.payment, created_at: at(month) });
    await addRefund(owner, payment);
    await insert(owner, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 1 });
    const rows = await commands.rows(`detach orders --month ${month} --dry-run`);
    expect(rows.map(({ order: position, table, rows: count }) => [position, table, count])).toEqual([
      [1, 'order_status_history', 1],
      [2, 'order_items', 2],
      [3, 'payment_refunds', 1],
      [4, 'payment_events', 1],
      [5, 'payments', 1],
      [6, nameIn('orders', month), expect.any(Number)],
    ]);
    const refused = await commands.partition(`detach orders --month ${month} --yes`);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('rows of order_status_history, order_items, payments refer to it');
    expect(refused.stderr).toContain('  2. order_items: 2 rows');
    await owner`delete from payment_refunds`;
    await owner`delete from payment_events`;
    await owner`delete from payments`;
    await owner`delete from orders where id = ${order}`;
    expect(await commands.partition(`detach orders --month ${month} --yes`)).toMatchObject({ code: 0 });
  });

  test('finishes a detach that somebody interrupted, and so does check --fix', async () => {
    for (const [index, words] of ['detach', 'check --fix'].entries()) {
      const month = monthFromNow(-7 + index);
      const name = nameIn('notification_logs', month);
      const reader = await holdTable('notification_logs');
      const { sql, url } = commands.database.current;
      await cancelWhenStuck(
        url,
        `alter table notification_logs detach partition ${name} concurrently`,
        async () =>
          (await sql`select from pg_inherits where inhrelid = ${name}::regclass and inhdetachpending`).length > 0,
      );
      expect(await commands.rows('check --table notification_logs')).toContainEqual(
        expect.objectContaining({ partition: name, check: 'detach', verdict: 'critical' }),
      );
      const line =
        words === 'detach'
          ? `detach notification_logs --month ${month} --yes`
          : 'check --fix --table notification_logs --yes';
      const stopped = await commands.partition(`${line} --retries 2`);
      expect(stopped).toMatchObject({ code: 6, stderr: expect.stringContaining('did not get its locks') });
      await reader.release();
      expect(await commands.partition(line)).toMatchObject({ code: 0 });
      expect((await commands.partition('check --table notification_logs')).code).toBe(0);
    }
  });

  test('waits for the backend of a killed client, which goes on alone', async () => {
    const month = monthFromNow(-4);
    const name = nameIn('notification_logs', month);
    const reader = await holdTable('notification_logs');
    const left = postgres(commands.database.current.url, { max: 1 });
    const statement = left
      .unsafe(`alter table notification_logs detach partition ${name} concurrently`)
      .catch(() => undefined);
    await waitFor(
      async () =>
        (await sql()`select from pg_inherits where inhdetachpending and inhrelid = ${name}::regclass`).length === 1,
      'the detach is pending',
    );
    const finishing = commands.partition(`detach notification_logs --month ${month} --yes`);
    // The owner may not see the other backend's statement, and finalizes beside it: whoever comes second must not mind.
    await waitFor(
      async () =>
        (
          await commands.database.current
            .sql`select from pg_stat_activity where state = 'active' and query like ${`%${name}% finalize%`}`
        ).length === 1,
      'the command finalizes',
    );
    await reader.release();
    expect(await finishing).toMatchObject({ code: 0 });
    await statement;
    await left.end();
  });

  test.each([
    [`detach audit_logs --month ${monthFromNow(0)}`, 4, 'is not over'],
    ['detach audit_logs --month 2001-01', 4, 'no partition for 2001-01'],
    ['detach users --month 2001-01', 4, 'not partitioned'],
    ['detach audit_logs', 2, '--month'],
  ])('%s exits %i', async (words, code, message) => {
    expect(await commands.partition(words)).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  /** A transaction that has read the table and goes on: DETACH CONCURRENTLY waits for it. */
  async function holdTable(table: string): Promise<{ release(): Promise<void> }> {
    const client = postgres(commands.database.current.url, { max: 1 });
    const reserved = await client.reserve();
    await reserved`begin`;
    await reserved`select count(*) from ${reserved(table)}`;
    return {
      release: async () => {
        await reserved`commit`;
        reserved.release();
        await client.end();
      },
    };
  }
});
