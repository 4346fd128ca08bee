import type postgres from 'postgres';
import { addMenu, addRestaurant, addUser } from '../../schema/rows.ts';

/** Rows of each month: audit rows and notifications; a quarter as many orders, with all that depends on them. */
export interface FillRequest {
  /** `2025-01` */
  readonly months: readonly string[];
  readonly rows: number;
}

/**
 * Old months with rows of every kind, spread over their hours with microseconds, NULLs, Korean text, JSON and values that
 * look encrypted. Payments of the last day of a month come in the next one. As the owner of the tables.
 */
export async function fillMonths(sql: postgres.Sql, { months, rows }: FillRequest): Promise<void> {
  const [first, last] = [months[0], months.at(-1)];
  await sql`select ensure_month_partitions(${`${first}-01`}::text::date, ${`${last}-01`}::text::date)`;
  const user = await addUser(sql);
  const restaurant = await addRestaurant(sql, user);
  const menu = await addMenu(sql, restaurant);
  for (const month of months) {
    await fillLogs(sql, { month, rows, user });
    await fillOrders(sql, { month, rows: Math.ceil(rows / 4), restaurant, menu, user });
  }
}

interface Logs {
  readonly month: string;
  readonly rows: number;
  readonly user: string;
}

async function fillLogs(sql: postgres.Sql, { month, rows, user }: Logs): Promise<void> {
  await sql`
    insert into audit_logs (
      trace_id, action, resource_type, resource_id, user_id, ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id,
      changes, success, error_message, duration_ms, created_at
    )
    select md5(n::text || ${month}), 'LOGIN', 'User', case when n % 3 = 0 then n::text end,
      case when n % 2 = 0 then ${user}::uuid end,
      'os1_AAAAAAAA' || md5(n::text), 'pii-v1', case when n % 5 > 0 then 'os1_BBBBBBBB' || md5(n::text) end,
      case when n % 5 > 0 then 'pii-v2' end,
      case when n % 4 = 0 then jsonb_build_object('role', jsonb_build_object('old', '고객', 'new', n)) end,
      n % 7 > 0, case when n % 7 = 0 then '실패 😀 ' || n end, case when n % 3 > 0 then n * 1000000007::bigint end,
      ${`${month}-01T00:00:00Z`}::text::timestamptz + (n * interval '27 days' / ${rows}) + interval '1 microsecond' * (n % 1000)
    from generate_series(1, ${rows}) n`;
  await sql`
    insert into notification_logs (
      recipient_id, recipient_info_encrypted, recipient_key_id, type, status, content_encrypted, content_key_id, sent_at, created_at
    )
    select ${user}, 'os1_AAAAAAAA' || md5(n::text), 'pii-v1', 'EMAIL', 'SENT', '', 'none',
      case when n % 2 = 0 then ${`${month}-03T00:00:00.000001Z`}::text::timestamptz end,
      ${`${month}-02T00:00:00Z`}::text::timestamptz + n * interval '1 minute'
    from generate_series(1, ${rows}) n`;
}

interface Orders extends Logs {
  readonly restaurant: string;
  readonly menu: string;
}

/** The last tenth of them is of the month's last hours. */
async function fillOrders(sql: postgres.Sql, { month, rows, restaurant, menu, user }: Orders): Promise<void> {
  await sql`
    with made as (
      select uuid_v7(at) as id, at, n
      from generate_series(1, ${rows}) n
      cross join lateral (
        select case
          when n > ${rows} * 0.9 then ${`${month}-01T00:00:00Z`}::text::timestamptz + interval '1 month' - interval '1 second' * n
          else ${`${month}-01T06:00:00Z`}::text::timestamptz + n * interval '25 days' / ${rows}
        end as at
      ) placed
    ), ordered as (
      insert into orders (id, restaurant_id, items_encrypted, items_key_id, subtotal, total_amount, status, created_at)
      select id, ${restaurant}, 'os1_AAAAAAAA' || md5(n::text), 'pii-v1', n * 100, n * 100, 'COMPLETED', at from made
    ), items as (
      insert into order_items (order_id, menu_id, quantity, unit_price, created_at)
      select id, ${menu}, k, 50 * n, at + k * interval '1 millisecond' from made cross join generate_series(1, 2) k
    ), history as (
      insert into order_status_history (order_id, new_status, changed_by, message, created_at)
      select id, status, ${user}, case when status = 'COMPLETED' then '완료' end, at + k * interval '20 minutes'
      from made cross join (values ('PENDING', 0), ('COMPLETED', 1)) steps (status, k)
    ), paid as (
      insert into payments (
        id, order_id, amount, fee, net_amount, payment_method, external_id_encrypted, external_key_id, status, created_at
      )
      select uuid_v7(at + interval '10 minutes'), id, n * 100, n, n * 99, 'CARD', 'os1_CCCCCCCC' || md5(n::text), 'payment-v1',
        'CAPTURED', at + interval '10 minutes'
      from made
      returning id, created_at, amount
    ), events as (
      insert into payment_events (payment_id, event_type, amount, created_at)
      select id, 'CAPTURED', amount, created_at + interval '1 second' from paid
    )
    insert into payment_refunds (payment_id, amount, status, created_at, processed_at)
    select id, 1, 'PROCESSED', created_at + interval '1 hour', null from paid where amount % 500 = 0`;
}
