import type postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSchema } from '../support/schema.ts';
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
} from './rows.ts';

const FOREIGN_ID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

describe('rows in a catch-all', () => {
  const database = useSchema();
  let sql: postgres.Sql;
  beforeEach(() => {
    sql = database.current.as('owner');
  });

  /** Partition → rows, of those that hold rows. */
  async function readPlaces(table: string): Promise<Readonly<Record<string, number>>> {
    const rows = await sql<{ partition: string; rows: number }[]>`
      select tableoid::regclass::text as partition, count(*)::integer as rows from ${sql(table)} group by 1 order by 1`;
    return Object.fromEntries(rows.map(({ partition, rows: count }) => [partition, count]));
  }

  async function orderAt(at: string, restaurant: string): Promise<string> {
    const [made] = await sql<{ id: string }[]>`select uuid_v7(${at}::timestamptz) as id`;
    return addOrder(sql, restaurant, { id: made!.id, created_at: at });
  }

  test('move into their months; those of other months stay', async () => {
    for (const at of [
      '2024-01-31T23:59:59.999Z',
      '2024-02-01T00:00:00Z',
      '2024-02-29T12:00:00Z',
      '2001-01-01T00:00:00Z',
    ]) {
      await addAuditLog(sql, { created_at: at });
    }
    expect(await readPlaces('audit_logs')).toEqual({ audit_logs_underflow: 4 });
    const created = await sql<{ partition_name: string; moved_rows: string }[]>`
      select partition_name, moved_rows from ensure_month_partitions('audit_logs', '2024-01-01', '2024-02-01')
      where moved_rows > 0`;
    expect(created).toEqual([
      { partition_name: 'public.audit_logs_y2024m01', moved_rows: '1' },
      { partition_name: 'public.audit_logs_y2024m02', moved_rows: '2' },
    ]);
    expect(await readPlaces('audit_logs')).toEqual({
      audit_logs_underflow: 1,
      audit_logs_y2024m01: 1,
      audit_logs_y2024m02: 2,
    });
    // The catch-all was detached for a moment and is guarded as before.
    const guards = await sql`
      select from pg_trigger where tgrelid = 'audit_logs_underflow'::regclass and tgname like 'audit_logs_guard%'`;
    expect(guards).toHaveLength(4);
  });

  test('move although other tables reference them, and nothing that belongs to them is lost or audited', async () => {
    const user = await addUser(sql);
    const restaurant = await addRestaurant(sql, user);
    const menu = await addMenu(sql, restaurant);
    const order = await orderAt('2024-03-15T10:00:00Z', restaurant);
    const foreign = await addOrder(sql, restaurant, { id: FOREIGN_ID });
    await addOrderItem(sql, order, menu);
    await addOrderItem(sql, foreign, menu);
    await insert(sql, 'order_status_history', { order_id: order, new_status: 'PENDING' });
    const [id] = await sql<{ id: string }[]>`select uuid_v7('2024-03-15T10:05:00Z') as id`;
    const payment = await addPayment(sql, order, { id: id!.id, created_at: '2024-03-15T10:05:00Z' });
    await addRefund(sql, payment);
    await insert(sql, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 10_000 });
    const read = async () =>
      sql`
        select (select count(*)::integer from order_items) as items,
          (select count(*)::integer from order_status_history) as history,
          (select count(*)::integer from payment_events) as events,
          (select count(*)::integer from payment_refunds) as refunds,
          (select count(*)::integer from payment_order_keys) as keys,
          (select count(*)::integer from audit_logs) as audit,
          array(select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated
                from pg_constraint where contype = 'f' and conparentid = 0 and conrelid not in (select inhrelid from pg_inherits)
                order by 1) as foreign_keys`;
    const before = await read();

    // From the month after the last one there is: out of the overflow, where the foreign id stays.
    const [ahead] = await sql<
      { day: string }[]
    >`select (now() at time zone 'UTC' + interval '4 months')::date::text as day`;
    await sql`select from ensure_month_partitions('2024-03-01', ${ahead!.day}::date)`;

    expect(await readPlaces('orders')).toEqual({ orders_overflow: 1, orders_y2024m03: 1 });
    expect(await readPlaces('payments')).toEqual({ payments_y2024m03: 1 });
    expect(await read()).toEqual(before);
    await expect(sql`delete from payments where id = ${payment}`).rejects.toMatchObject({ code: '23503' });
    expect(await sql`delete from orders where id = ${foreign} returning id`).toHaveLength(1);
    expect(await sql`select from order_items where order_id = ${foreign}`).toHaveLength(0);
  });

  test('move although their created_at contradicts their id; that month then goes without its check', async () => {
    const restaurant = await addRestaurant(sql, await addUser(sql));
    const [id] = await sql<{ id: string }[]>`select uuid_v7('2024-02-10T00:00:00Z') as id`;
    await addOrder(sql, restaurant, { id: id!.id, created_at: '2020-01-01T00:00:00Z' });
    await sql`select from ensure_month_partitions('orders', '2024-02-01', '2024-02-01')`;
    expect(await readPlaces('orders')).toMatchObject({ orders_y2024m02: 1 });
    expect(database.current.notices).toContain(
      '1 rows of public.orders_y2024m02 have an id of that month and a created_at far from it: made without the check',
    );
    const checks = await sql`
      select from pg_constraint where conrelid = 'orders_y2024m02'::regclass and conname = 'ck_orders_created_at_month'`;
    expect(checks).toHaveLength(0);
  });

  test('leave a catch-all that has changed its range many times with one of each constraint, index and trigger', async () => {
    for (const month of ['2023-12-01', '2023-11-01', '2023-10-01']) {
      await sql`select from ensure_month_partitions(${month}::date, ${month}::date)`;
    }
    const copies = await sql`
      select child.relname,
        (select count(*)::integer from pg_constraint where conrelid = child.oid) as constraints,
        (select count(*)::integer from pg_index where indrelid = child.oid) as indexes,
        (select count(*)::integer from pg_trigger where tgrelid = child.oid) as triggers
      from pg_inherits
      join pg_class child on child.oid = inhrelid
      where child.relname like 'payments%flow'
      order by 1`;
    const [fresh] = await sql`
      select (select count(*)::integer from pg_constraint where conrelid = child.oid) - 1 as constraints,
        (select count(*)::integer from pg_index where indrelid = child.oid) as indexes,
        (select count(*)::integer from pg_trigger where tgrelid = child.oid) as triggers
      from pg_class child
      where child.relname = 'payments_y2023m10'`;
    // A month has the check of its own in addition.
    expect(copies).toEqual([
      { relname: 'payments_overflow', ...fresh },
      { relname: 'payments_underflow', ...fresh },
    ]);
  });
});
