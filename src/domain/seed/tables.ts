import type { SeedTable, TableName } from './table.ts';
import { auditLogs, auditLogsArchive } from './tables/audit.ts';
import { menus } from './tables/menus.ts';
import { apiRateLimits, securityMetrics } from './tables/metrics.ts';
import { notificationLogs, notificationTemplates } from './tables/notifications.ts';
import { orderItems, orderStatusHistory } from './tables/order-parts.ts';
import { orders } from './tables/orders.ts';
import { paymentEvents, paymentRefunds, payments } from './tables/payments.ts';
import { restaurants } from './tables/restaurants.ts';
import { loginAttempts, userSessions } from './tables/sessions.ts';
import { users } from './tables/users.ts';

/** Every table that is seeded, each after those it needs. payment_order_keys is written by the trigger on payments. */
export const SEED_TABLES: readonly SeedTable[] = [
  users,
  restaurants,
  menus,
  orders,
  orderItems,
  orderStatusHistory,
  payments,
  paymentEvents,
  paymentRefunds,
  notificationTemplates,
  notificationLogs,
  userSessions,
  loginAttempts,
  auditLogs,
  auditLogsArchive,
  securityMetrics,
  apiRateLimits,
];

/** The named tables and all that their foreign keys lead to, in the order in which they can be filled. */
export function tablesWithNeeds(names: readonly TableName[]): SeedTable[] {
  const wanted = new Set<TableName>(names);
  // From the last to the first: a table stands after everything it needs.
  for (const { name, needs } of SEED_TABLES.toReversed())
    if (wanted.has(name)) for (const need of needs) wanted.add(need);
  return SEED_TABLES.filter(({ name }) => wanted.has(name));
}
