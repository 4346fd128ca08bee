import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  addAuditLog,
  addMenu,
  addNotification,
  addOrder,
  addPayment,
  addRestaurant,
  addSession,
  addUser,
  hashOf,
  insert,
} from '../../schema/rows.ts';
import { useJobCommands } from './fixture.ts';

/** Older than any job keeps anything, whenever this runs. */
const LONG_AGO = '2001-02-03T04:05:06Z';

/** Two that are old, and one that is not. */
const twice = async (make: (columns: Record<string, string>) => Promise<string>, old: Record<string, string>) => {
  await make(old);
  await make(old);
  await make({});
};

describe('ordersync jobs run', () => {
  const commands = useJobCommands();
  let owner: postgres.Sql;
  let user: string;
  let restaurant: string;
  let order: string;
  let payment: string;
  beforeAll(async () => {
    owner = commands.database.current.as('owner');
    user = await addUser(owner);
    restaurant = await addRestaurant(owner, user);
    order = await addOrder(owner, restaurant, { customer_id: user });
    payment = await addPayment(owner, order);
  });

  const count = async (table: string): Promise<number> => {
    const [row] = await owner<{ rows: number }[]>`select count(*)::integer as rows from ${owner(table)}`;
    return row!.rows;
  };
  const dropLastMonth = async (table: string): Promise<void> => {
    const [last] = await owner<{ name: string }[]>`
      select partition::text as name from month_partition_ranges(${table}::regclass)
      where range_end < 'infinity' order by range_start desc limit 1`;
    await owner`alter table ${owner(table)} detach partition ${owner(last!.name)}`;
    await owner`drop table ${owner(last!.name)}`;
  };

  /** Two rows of work for each job that deletes, moves or changes, and one that is to stay. */
  const WORK: Readonly<Record<string, { readonly table: string; readonly add: () => Promise<unknown> }>> = {
    'cleanup-sessions': {
      table: 'user_sessions',
      add: async () => twice(async (columns) => addSession(owner, user, columns), { expires_at: LONG_AGO }),
    },
    'cleanup-login-attempts': {
      table: 'login_attempts',
      add: async () =>
        twice(
          async (columns) =>
            insert(owner, 'login_attempts', {
              email_hash: hashOf('ada'),
              ip_address_encrypted: 'none',
              ip_key_id: 'none',
              success: false,
              ...columns,
            }),
          { created_at: LONG_AGO },
        ),
    },
    'cleanup-notification-logs': {
      table: 'notification_logs',
      add: async () => twice(async (columns) => addNotification(owner, columns), { created_at: LONG_AGO }),
    },
    'cleanup-payment-events': {
      table: 'payment_events',
      add: async () =>
        twice(
          async (columns) =>
            insert(owner, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 1, ...columns }),
          { created_at: LONG_AGO },
        ),
    },
    'cleanup-order-history': {
      table: 'order_status_history',
      add: async () =>
        twice(
          async (columns) =>
            insert(owner, 'order_status_history', { order_id: order, new_status: 'PENDING', ...columns }),
          { created_at: LONG_AGO },
        ),
    },
    'cleanup-security-metrics': {
      table: 'security_metrics',
      add: async () =>
        twice(
          async (columns) => insert(owner, 'security_metrics', { metric_type: 'failed_logins', value: 1, ...columns }),
          { timestamp: LONG_AGO },
        ),
    },
    'cleanup-rate-limits': {
      table: 'api_rate_limits',
      add: async () =>
        owner`
          insert into api_rate_limits (identifier, identifier_type, window_start, window_end)
          select 'user-' || n, 'USER', began, began + interval '1 hour'
          from generate_series(1, 3) n
          cross join lateral (select case when n < 3 then ${LONG_AGO}::text::timestamptz else now() end as began) time`,
    },
    'archive-audit-logs': {
      table: 'audit_logs',
      add: async () => {
        // What the users and payments of these tests left there stays.
        await addAuditLog(owner, { created_at: LONG_AGO });
        await addAuditLog(owner, { created_at: LONG_AGO });
      },
    },
  };

  test.each(Object.entries(WORK))('%s counts in a rehearsal, works, and has nothing to do then', async (job, work) => {
    const before = await count(work.table);
    await work.add();
    const added = (await count(work.table)) - before;
    const column = job === 'archive-audit-logs' ? 'rows_moved' : 'rows_deleted';
    expect(await commands.rows(`run ${job} --dry-run`)).toMatchObject([{ rehearsal: 'counted', [column]: 2 }]);
    expect(await count(work.table)).toBe(before + added);
    expect(await commands.rows(`run ${job}`)).toMatchObject([{ job, outcome: 'done', calls: 1, [column]: 2 }]);
    expect(await count(work.table)).toBe(before + added - 2);
    expect(await commands.rows(`run ${job}`)).toMatchObject([{ job, outcome: 'done', [column]: 0 }]);
    expect(await commands.rows(`run ${job} --dry-run`)).toMatchObject([{ [column]: 0 }]);
  });

  test('archive-audit-logs puts the rows into the archive table', async () => {
    expect(await count('audit_logs_archive')).toBe(2);
  });

  test('expire-anonymous-orders cancels them with a history, and warns of those that are paid', async () => {
    const paid = await addOrder(owner, restaurant, { anonymous_expires_at: LONG_AGO });
    await addPayment(owner, paid, { status: 'CAPTURED' });
    await addOrder(owner, restaurant, { anonymous_expires_at: LONG_AGO });
    expect(await commands.rows('run expire-anonymous-orders --dry-run')).toMatchObject([{ rows_changed: 2 }]);
    const ran = await commands.jobs('run expire-anonymous-orders');
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 expired anonymous orders have a captured'),
    });
    expect(ran.stdout).toContain('2 changed');
    expect(await commands.rows('run expire-anonymous-orders')).toMatchObject([{ rows_changed: 0 }]);
    expect(await owner`select status from orders where id = ${paid}`).toEqual([{ status: 'CANCELLED' }]);
    expect(
      await owner`select new_status, reason from order_status_history where order_id = ${paid} and reason is not null`,
    ).toEqual([{ new_status: 'CANCELLED', reason: 'ANONYMOUS_EXPIRED_PAID' }]);
  });

  test('reset-menu-sales brings back what was sold out, in one call, and not what its owner switched off', async () => {
    const soldOut = await addMenu(owner, restaurant, { daily_limit: 3, sold_count: 3, is_available: false });
    const closed = await addMenu(owner, restaurant, { daily_limit: 3, sold_count: 1, is_available: false });
    expect(await commands.rows('run reset-menu-sales --dry-run')).toMatchObject([{ rows_changed: 2 }]);
    expect(await commands.rows('run reset-menu-sales')).toMatchObject([{ rows_changed: 2, calls: 1 }]);
    expect(await commands.rows('run reset-menu-sales')).toMatchObject([{ rows_changed: 0 }]);
    expect(await owner`select id, sold_count, is_available from menus order by is_available`).toEqual([
      { id: closed, sold_count: 0, is_available: false },
      { id: soldOut, sold_count: 0, is_available: true },
    ]);
  });

  test('refresh-payment-state shows what was captured since', async () => {
    const state = async () => owner`select captured_amount from payment_current_state where payment_id = ${payment}`;
    await insert(owner, 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 41 });
    expect(await commands.rows('run refresh-payment-state --dry-run')).toMatchObject([{ rehearsal: 'counted' }]);
    expect(await state()).toEqual([]);
    expect(await commands.rows('run refresh-payment-state')).toMatchObject([{ rows_refreshed: 1 }]);
    // One more was there from the retention of payment events.
    expect(await state()).toEqual([{ captured_amount: '42' }]);
    expect(await commands.rows('run refresh-payment-state')).toMatchObject([{ outcome: 'done' }]);
  });

  test.each([
    ['create-audit-partition', 'audit_logs'],
    ['create-order-partition', 'orders'],
    ['create-payment-partition', 'payments'],
    ['create-notification-partition', 'notification_logs'],
  ])('%s makes the month that is missing', async (job, table) => {
    await dropLastMonth(table);
    expect(await commands.rows(`run ${job} --dry-run`)).toMatchObject([{ partitions_created: 1 }]);
    expect(await commands.rows(`run ${job}`)).toMatchObject([{ partitions_created: 1 }]);
    expect(await commands.rows(`run ${job}`)).toMatchObject([{ partitions_created: 0 }]);
  });

  test('each of the jobs was run here, and is well', async () => {
    const rows = await commands.rows('status');
    expect(rows).toHaveLength(15);
    expect(rows.filter(({ state }) => state !== 'done')).toEqual([]);
    expect(rows.filter(({ by }) => by !== 'jobs run')).toEqual([]);
  });
});
