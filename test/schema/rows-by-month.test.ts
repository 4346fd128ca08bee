import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { failureOf, useSchema } from '../support/schema.ts';
import { addAuditLog, addNotification, addOrder, addRestaurant, addUser } from './rows.ts';

async function partitionOf(sql: postgres.Sql, table: string, id: string): Promise<string | undefined> {
  const [row] = await sql<{ partition: string }[]>`
    select tableoid::regclass::text as partition from ${sql(table)} where id = ${id}`;
  return row?.partition;
}

describe('rows', () => {
  const database = useSchema();

  test('go to the month of their id or their time', async () => {
    const sql = database.current.as('owner');
    const restaurant = await addRestaurant(sql, await addUser(sql));
    const [now] = await sql<{ month: string }[]>`select to_char(now() at time zone 'UTC', '"y"YYYY"m"MM') as month`;
    expect(await partitionOf(sql, 'orders', await addOrder(sql, restaurant))).toBe(`orders_${now?.month}`);
    expect(await partitionOf(sql, 'audit_logs', await addAuditLog(sql))).toBe(`audit_logs_${now?.month}`);
    expect(await partitionOf(sql, 'notification_logs', await addNotification(sql))).toBe(
      `notification_logs_${now?.month}`,
    );
  });

  test('without a month go to a catch-all: ids of version 4, times long ago and far ahead', async () => {
    const sql = database.current.as('owner');
    const restaurant = await addRestaurant(sql, await addUser(sql));
    const foreign = await addOrder(sql, restaurant, { id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' });
    const old = await addAuditLog(sql, { created_at: '1999-12-31T23:59:59Z' });
    // Not as a parameter: the driver would make a Date of it.
    const [endless] = await sql<{ place: string }[]>`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success, created_at)
      values ('0123456789abcdef0123456789abcdef', 'LOGIN', 'User', 'none', 'none', true, 'infinity')
      returning tableoid::regclass::text as place`;
    expect(await partitionOf(sql, 'orders', foreign)).toBe('orders_overflow');
    expect(await partitionOf(sql, 'audit_logs', old)).toBe('audit_logs_underflow');
    expect(endless?.place).toBe('audit_logs_overflow');
  });

  test('whose id and created_at are months apart are refused by a constraint of that name', async () => {
    const sql = database.current.as('owner');
    const restaurant = await addRestaurant(sql, await addUser(sql));
    const failure = await failureOf(addOrder(sql, restaurant, { created_at: '2020-01-01T00:00:00Z' }));
    expect(failure).toMatchObject({ code: '23514', constraint_name: 'ck_orders_created_at_month' });
  });

  test('and months ahead are skipped by a condition on created_at', async () => {
    const sql = database.current.as('owner');
    const plan = await sql<{ 'QUERY PLAN': string }[]>`
      explain (costs off) select id from orders where created_at < '2000-01-01 00:00:00+00'`;
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('orders_underflow');
    expect(text).not.toMatch(/orders_y\d/);
  });
});
