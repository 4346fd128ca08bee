import { countThrough } from './counting.ts';
import type { Demo } from './demo.ts';
import { makeOrder } from './order.ts';
import type { TableName } from './table.ts';
import { countAudit } from './tables/audit.ts';
import { countMessages } from './tables/notifications.ts';
import { eventsOf } from './tables/payments.ts';
import { SEED_TABLES } from './tables.ts';
import { makeVisit } from './visit.ts';

type Add = (table: TableName, rows: number) => void;

/** Tables whose rows follow from orders and visits, and are counted without being made: how many units of theirs. */
const COUNTED_UNITS: Partial<Readonly<Record<TableName, (demo: Demo) => number>>> = {
  orders: ({ volumes }) => volumes.orders,
  order_items: ({ volumes }) => volumes.orders,
  order_status_history: ({ volumes }) => volumes.orders,
  payments: ({ volumes }) => volumes.orders,
  payment_events: ({ volumes }) => volumes.orders,
  payment_refunds: ({ volumes }) => volumes.orders,
  notification_logs: ({ volumes }) => volumes.orders,
  audit_logs: ({ volumes }) => volumes.orders,
  user_sessions: ({ volumes, firstSession }) => volumes.visits - firstSession,
  login_attempts: ({ volumes, firstAttempt }) => volumes.visits - firstAttempt,
};

/** How many rows each table will have: exact. Takes a few microseconds for each order and visit. Stops when the signal aborts. */
export async function countRows(demo: Demo, signal: AbortSignal): Promise<ReadonlyMap<TableName, number>> {
  const counts = new Map<TableName, number>(SEED_TABLES.map(({ name }) => [name, 0]));
  const add: Add = (table, rows) => void counts.set(table, (counts.get(table) ?? 0) + rows);
  await countThrough([0, demo.volumes.orders], signal, (index) => countOrder(demo, index, add));
  await countThrough([0, demo.volumes.visits], signal, (index) => countVisit(demo, index, add));
  for (const { name, unitsOf, rowsOf } of SEED_TABLES) {
    const rest = [COUNTED_UNITS[name]?.(demo) ?? 0, unitsOf(demo)] as const;
    await countThrough(rest, signal, (unit) => add(name, rowsOf(demo, unit).length));
  }
  return counts;
}

function countOrder(demo: Demo, index: number, add: Add): void {
  const order = makeOrder(demo, index);
  const { lines, steps, payment } = order;
  add('orders', 1);
  add('order_items', lines.length);
  add('order_status_history', steps.length);
  add('notification_logs', countMessages(demo, order));
  add('audit_logs', countAudit(order));
  if (payment === null) return;
  add('payments', 1);
  add('payment_events', eventsOf(payment).length);
  add('payment_refunds', payment.refund === null ? 0 : 1);
}

function countVisit(demo: Demo, index: number, add: Add): void {
  const { failures, endedAt } = makeVisit(demo, index);
  add('audit_logs', failures.length + 1 + (endedAt === null ? 0 : 1));
  if (index >= demo.firstAttempt) add('login_attempts', failures.length + 1);
  if (index >= demo.firstSession) add('user_sessions', 1);
}
