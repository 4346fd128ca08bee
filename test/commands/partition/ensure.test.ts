import { describe, expect, test } from 'vitest';
import { addAuditLog } from '../../schema/rows.ts';
import { monthFromNow, nameIn, rowsOf, usePartitionCommands } from './fixture.ts';

const TABLES = ['orders', 'payments', 'audit_logs', 'notification_logs'];

describe('ordersync partition', () => {
  const commands = usePartitionCommands();
  const sql = () => commands.database.current.as('owner');

  test('list shows every partition of the four tables with its range in UTC', async () => {
    const rows = await commands.rows('list');
    expect(rows).toHaveLength(4 * 6);
    const month = monthFromNow(0);
    expect(rows.filter(({ table }) => table === 'orders')).toMatchObject([
      { partition: 'orders_underflow', kind: 'underflow', range_from: 'MINVALUE', range_to: `${month}-01T00:00Z` },
      { partition: nameIn('orders', month), kind: 'month', range_from: `${month}-01T00:00Z` },
      { kind: 'month' },
      { kind: 'month' },
      { kind: 'month', range_to: `${monthFromNow(4)}-01T00:00Z` },
      { partition: 'orders_overflow', kind: 'overflow', range_to: 'MAXVALUE' },
    ]);
  });

  test('list says oldest and newest, and what is not partitioned', async () => {
    await addAuditLog(sql(), { created_at: '2001-02-03T04:05:06.789Z' });
    const rows = await commands.rows('list --table audit_logs --table users');
    expect(rows.find(({ partition }) => partition === 'audit_logs_underflow')).toMatchObject({
      oldest: '2001-02-03T04:05:06.789Z',
      newest: '2001-02-03T04:05:06.789Z',
    });
    expect(rows.at(-1)).toMatchObject({ table: 'users', kind: 'unpartitioned', partition: null });
    expect((await commands.partition('list --table users')).stderr).toContain(
      'users has no partitions: not partitioned',
    );
  });

  test('plan says nothing is missing, or prints SQL that makes exactly those months and no other', async () => {
    expect(await commands.partition('plan')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing is missing'),
    });
    const { code, stdout } = await commands.partition('plan --ahead 5 --table audit_logs');
    expect(code).toBe(0);
    expect(stdout).toContain(`-- ${nameIn('audit_logs', monthFromNow(4))}: from ${monthFromNow(4)}-01T00:00Z`);
    expect(stdout).toContain('--   SHARE ROW EXCLUSIVE on users (writers wait)');
    expect(stdout).toContain('--   ACCESS EXCLUSIVE on audit_logs, audit_logs_overflow (readers and writers wait)');
    await sql().unsafe(stdout).simple();
    expect(await commands.rows('plan --ahead 5 --table audit_logs')).toEqual([]);
    expect(await commands.rows('plan --ahead 5 --table orders')).toHaveLength(2);
  });

  test('ensure makes what plan says, reads it back, and the second time does nothing', async () => {
    const planned = await commands.rows('plan --ahead 6');
    const first = await commands.partition('ensure --ahead 6 --format json');
    expect(first.code).toBe(0);
    expect(rowsOf(first).map(({ partition, state }) => [partition, state])).toEqual(
      planned.map(({ partition }) => [partition, 'created']),
    );
    const listed = await commands.rows('list');
    for (const table of TABLES) {
      expect(listed.some(({ partition }) => partition === nameIn(table, monthFromNow(6)))).toBe(true);
    }
    expect(await commands.partition('ensure --ahead 6')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing was missing'),
    });
  });

  test('ensure makes past months too, and moves the few rows that lie in a catch-all into them', async () => {
    await addAuditLog(sql(), { created_at: `${monthFromNow(-2)}-15T00:00:00Z` });
    const rows = await commands.rows(`ensure --from ${monthFromNow(-2)} --table audit_logs`);
    expect(rows).toMatchObject([
      { partition: nameIn('audit_logs', monthFromNow(-1)), moved_rows: 0 },
      { partition: nameIn('audit_logs', monthFromNow(-2)), moved_rows: 1 },
    ]);
  });

  test('ensure leaves a month with many rows in a catch-all to check --fix, and completes the other tables', async () => {
    await sql()`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success, created_at)
      select md5(n::text), 'LOGIN', 'User', 'none', 'none', true, ${`${monthFromNow(-3)}-10`}::text::timestamptz
      from generate_series(1, 1001) n`;
    const { code, stderr, stdout } = await commands.partition(`ensure --from ${monthFromNow(-3)} --format json`);
    expect(code).toBe(6);
    expect(stderr).toContain('more than 1000 of its rows lie in audit_logs_underflow');
    const rows = rowsOf({ code, stderr, stdout });
    expect(rows.filter(({ state }) => state === 'incomplete')).toMatchObject([{ table: 'audit_logs' }]);
    expect(rows.filter(({ state }) => state === 'created')).toHaveLength(3 * 3);
  });

  test('ensure names a table that has the name of a month; the other tables are done; exit 6', async () => {
    const name = nameIn('orders', monthFromNow(7));
    await sql()`create table ${sql()(name)} (id uuid)`;
    const { code, stderr } = await commands.partition('ensure --ahead 7');
    expect(code).toBe(6);
    expect(stderr).toContain(`orders: relation public.${name} already exists and does not hold the month`);
    await sql()`drop table ${sql()(name)}`;
    expect(await commands.rows('ensure --ahead 7')).toMatchObject([{ partition: name }]);
  });

  test('ensure makes a catch-all that somebody dropped', async () => {
    await sql()`drop table audit_logs_overflow`;
    expect(await commands.rows('ensure')).toMatchObject([{ partition: 'audit_logs_overflow', range_to: 'MAXVALUE' }]);
    const last = (await commands.rows('list --table audit_logs')).at(-1);
    expect(last).toMatchObject({ kind: 'overflow', range_from: `${monthFromNow(8)}-01T00:00Z` });
  });

  test.each([
    ['ensure --from 2026-13', 2],
    ['plan --from 2026-05 --to 2026-04', 2],
    ['list --table nowhere', 4],
    ['ensure --table users', 6],
  ])('%s exits %i', async (words, code) => {
    expect((await commands.partition(words)).code).toBe(code);
  });
});
