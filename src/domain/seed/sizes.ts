import type { TableName } from './table.ts';

/** Bytes of a row with its share of indexes and of the page, measured on PostgreSQL 18 after `--scale medium`. */
export const BYTES_PER_ROW: Readonly<Record<TableName, number>> = {
  users: 1330,
  restaurants: 1300,
  menus: 900,
  orders: 890,
  order_items: 180,
  order_status_history: 200,
  payments: 700,
  payment_events: 390,
  payment_refunds: 700,
  notification_templates: 1300,
  notification_logs: 490,
  user_sessions: 1210,
  login_attempts: 720,
  audit_logs: 830,
  audit_logs_archive: 770,
  security_metrics: 390,
  api_rate_limits: 600,
};
