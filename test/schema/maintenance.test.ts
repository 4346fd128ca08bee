import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { useSchema } from '../support/schema.ts';
import {
  addMenu,
  addNotification,
  addOrder,
  addPayment,
  addRestaurant,
  addSession,
  addUser,
  hashOf,
  insert,
} from './rows.ts';

describe('the scheduled functions, run by the owner,', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let user: string;
  let restaurant: string;
  beforeAll(async () => {
    owner = database.current.as('owner');
    user = await addUser(owner);
    restaurant = await addRestaurant(owner, user);
  });

  async function ago(interval: string): Promise<string> {
    const [row] = await owner<{ at: string }[]>`select (now() - ${interval}::text::interval)::text as at`;
    return row!.at;
  }

  const idsIn = async (table: string) =>
    (await owner<{ id: string }[]>`select id from ${owner(table)}`).map(({ id }) => id);

  test('delete sessions a week after both their tokens have expired', async () => {
    const add = async (access: string, refresh: string | null) =>
      addSession(owner, user, { expires_at: await ago(access), refresh_expires_at: refresh && (await ago(refresh)) });
    const kept = [
      await add('-1 day', null),
      await add('6 days', null),
      await add('30 days', '-22 days'),
      await add('30 days', '6 days'),
    ];
    await add('8 days', null);
    await add('30 days', '8 days');
    await owner`select cleanup_expired_sessions()`;
    expect((await idsIn('user_sessions')).toSorted()).toEqual(kept.toSorted());
  });

  test('delete log-in attempts after 30 days', async () => {
    const add = async (age: string) =>
      insert(owner, 'login_attempts', {
        email_hash: hashOf('ada'),
        ip_address_encrypted: 'none',
        ip_key_id: 'none',
        success: false,
        created_at: await ago(age),
      });
    const kept = await add('29 days');
    await add('31 days');
    await owner`select cleanup_old_login_attempts()`;
    expect(await idsIn('login_attempts')).toEqual([kept]);
  });

  test('delete more than one batch, and pass over rows that somebody has locked', async () => {
    await owner`
      insert into api_rate_limits (identifier, identifier_type, window_start, window_end)
      select 'user-' || n, 'USER', now() - interval '3 days', now() - interval '2 days' from generate_series(1, 25000) n`;
    const locked = await database.current.as('staff').begin(async (working) => {
      await working`update api_rate_limits set request_count = 1 where identifier = 'user-1'`;
      await owner`select cleanup_expired_rate_limits()`;
      return owner`select identifier from api_rate_limits`;
    });
    expect(locked).toEqual([{ identifier: 'user-1' }]);
    await owner`select cleanup_expired_rate_limits()`;
    expect(await idsIn('api_rate_limits')).toEqual([]);
  });

  test('delete notifications and metrics after a year, payment events and order history after five', async () => {
    const order = await addOrder(owner, restaurant);
    const payment = await addPayment(owner, order);
    const add = {
      notification_logs: async (at: string) => addNotification(owner, { created_at: at }),
      security_metrics: async (at: string) =>
        insert(owner, 'security_metrics', { metric_type: 'failed_logins', value: 1, timestamp: at }),
      payment_events: async (at: string) =>
        insert(owner, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 1, created_at: at }),
      order_status_history: async (at: string) =>
        insert(owner, 'order_status_history', { order_id: order, new_status: 'PENDING', created_at: at }),
    };
    const kept: Record<string, string> = {};
    for (const [table, insertAt] of Object.entries(add)) {
      const years = table.startsWith('notification') || table.startsWith('security') ? 1 : 5;
      kept[table] = await insertAt(await ago(`${years * 365 - 5} days`));
      await insertAt(await ago(`${years * 366 + 5} days`));
    }
    await owner`
      select cleanup_old_notification_logs(), cleanup_old_security_metrics(), cleanup_old_payment_events(),
        cleanup_old_order_history()`;
    for (const [table, id] of Object.entries(kept)) expect(await idsIn(table)).toEqual([id]);
  });

  test('reset sold counts and bring back what was sold out, not what its owner switched off', async () => {
    const menus = {
      soldOut: await addMenu(owner, restaurant, { daily_limit: 10, sold_count: 10, is_available: false }),
      switchedOff: await addMenu(owner, restaurant, { daily_limit: 10, sold_count: 3, is_available: false }),
      switchedOffUnsold: await addMenu(owner, restaurant, { daily_limit: 10, is_available: false }),
      unlimited: await addMenu(owner, restaurant, { sold_count: 99, is_available: false }),
      onSale: await addMenu(owner, restaurant, { sold_count: 5 }),
    };
    await owner`select reset_daily_menu_sales()`;
    const rows = await owner<{ id: string; sold_count: number; is_available: boolean; version: string }[]>`
      select id, sold_count, is_available, version from menus`;
    const found = Object.fromEntries(
      Object.entries(menus).map(([name, id]) => [name, rows.find((row) => row.id === id)]),
    );
    expect(found).toMatchObject({
      soldOut: { sold_count: 0, is_available: true, version: '2' },
      switchedOff: { sold_count: 0, is_available: false },
      switchedOffUnsold: { sold_count: 0, is_available: false, version: '1' },
      unlimited: { sold_count: 0, is_available: false },
      onSale: { sold_count: 0, is_available: true },
    });
  });

  test('make the month partitions that are missing, for each table on its own', async () => {
    for (const table of ['audit_logs', 'orders']) {
      const [last] = await owner<{ name: string }[]>`
        select partition::text as name from month_partition_ranges(${table}::regclass)
        where range_end < 'infinity' order by range_start desc limit 1`;
      await owner`alter table ${owner(table)} detach partition ${owner(last!.name)}`;
      await owner`drop table ${owner(last!.name)}`;
      await (table === 'orders'
        ? owner`select create_month_partitions_ahead('orders')`
        : owner`select create_audit_log_partition()`);
      expect(await owner`select to_regclass(${last!.name}) is not null as there`).toEqual([{ there: true }]);
    }
  });

  test('count requests of one window in one row, also without an endpoint', async () => {
    const shop = database.current.as('shop');
    const count = async () => shop`
      insert into api_rate_limits (identifier, identifier_type, request_count, window_start, window_end)
      values ('global', 'GLOBAL', 1, date_trunc('day', now()), date_trunc('day', now()) + interval '1 day')
      on conflict (identifier, identifier_type, endpoint, window_start)
      do update set request_count = api_rate_limits.request_count + 1
      returning request_count`;
    await count();
    expect(await count()).toEqual([{ request_count: 2 }]);
  });
});
