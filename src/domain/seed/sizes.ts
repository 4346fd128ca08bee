import type { TableName } from './table.ts';

/** Bytes of a row with its share of indexes and of the page, measured on PostgreSQL 18 after `--scale medium`. */
export const BYTES_PER_ROW: Readonly<Record<TableName, number>> = {
  users: 1000,
  restaurants: 1000,
  menus: 500,
  orders: 900,
  order_items: 200,
  order_status_history: 200,
  payments: 600,
  payment_events: 400,
  payment_refunds: 500,
  notification_templates: 1000,
  notification_logs: 600,
  user_sessions: 1300,
  login_attempts: 800,
  audit_logs: 1000,
  audit_logs_archive: 800,
  security_metrics: 300,
  api_rate_limits: 600,
};
