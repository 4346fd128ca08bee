import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import type { Demo } from './demo.ts';

/** A value that is stored as its keyed hash only. */
export interface Blind {
  readonly blind: BlindIndexPurpose;
  readonly value: string;
}

/** A column of an encrypted pair holds its plaintext here; the loader encrypts it and writes the key's column. */
export type SeedValue = string | number | boolean | null | Blind;
export type SeedRow = Readonly<Record<string, SeedValue>>;

export type TableName =
  | 'users'
  | 'restaurants'
  | 'menus'
  | 'orders'
  | 'order_items'
  | 'order_status_history'
  | 'payments'
  | 'payment_events'
  | 'payment_refunds'
  | 'notification_templates'
  | 'notification_logs'
  | 'user_sessions'
  | 'login_attempts'
  | 'audit_logs'
  | 'audit_logs_archive'
  | 'security_metrics'
  | 'api_rate_limits';

/**
 * How one table is made. Its rows come in units (a user, an order with all its items, …) that are made alone and in any
 * order: what a unit needs to know of its parents it derives again, instead of remembering it.
 */
export interface SeedTable {
  readonly name: TableName;
  /** Every column but the key columns of pairs, in any order. */
  readonly columns: readonly string[];
  /** Tables that its foreign keys lead to. */
  readonly needs: readonly TableName[];
  readonly unitsOf: (world: Demo) => number;
  readonly rowsOf: (world: Demo, unit: number) => readonly SeedRow[];
}

export function blind(purpose: BlindIndexPurpose, value: string): Blind {
  return { blind: purpose, value };
}

/** Tables whose rows lie in months. */
export const PARTITIONED_TABLES: readonly TableName[] = ['orders', 'payments', 'notification_logs', 'audit_logs'];
