import type { QualifiedName } from '../../db/identifiers.ts';
import type { Month } from './month.ts';

/** The tables that the schema partitions by month. */
export const PARTITIONED_TABLES = ['orders', 'payments', 'audit_logs', 'notification_logs'] as const;

/**
 * `month` fills one UTC month; `underflow` and `overflow` reach to MINVALUE and MAXVALUE; `default` takes what no other
 * takes; `odd` is any other range: several months, a part of one, a month of another time zone.
 */
export type PartitionKind = 'month' | 'underflow' | 'overflow' | 'default' | 'odd';

export interface Partition {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: PartitionKind;
  readonly month: Month | undefined;
  /** Milliseconds since 1970, -Infinity and Infinity for MINVALUE and MAXVALUE; NaN for a default partition. */
  readonly start: number;
  readonly end: number;
  /** As PostgreSQL writes it: FOR VALUES FROM (…) TO (…), in UTC. */
  readonly bound: string;
  /** DETACH CONCURRENTLY has begun and not ended: its rows are out of the table already. */
  readonly pending: boolean;
  /** Planner's estimate, or the statistics' count before the first ANALYZE. */
  readonly rows: number;
  /** With indexes and TOAST. */
  readonly bytes: bigint;
}

export interface PartitionKey {
  readonly column: string;
  /** By a UUIDv7, whose first 48 bits are a time; otherwise by a timestamptz. */
  readonly byId: boolean;
}

/** A table as the catalogue has it. */
export interface TableState extends QualifiedName {
  readonly oid: string;
  readonly schema: string;
  readonly owned: boolean;
  /** Undefined for a table that is not partitioned, or by something else than one time or one id. */
  readonly key: PartitionKey | undefined;
  /** Why there is no key. */
  readonly unsupported: string | undefined;
  /** In the order of their ranges; a default partition last. */
  readonly partitions: readonly Partition[];
  /** Tables that its foreign keys lead to, as SQL names them. */
  readonly references: readonly string[];
  /** Tables whose foreign keys lead to it, as SQL names them, and their rows (estimate). */
  readonly referencedBy: readonly { readonly name: string; readonly rows: number }[];
}

/** Those with a range, without a detach under way: what an INSERT can reach. */
export function rangesOf({ partitions }: TableState): readonly Partition[] {
  return partitions.filter(({ kind, pending }) => kind !== 'default' && !pending);
}

export function finiteRangesOf(table: TableState): readonly Partition[] {
  return rangesOf(table).filter(({ kind }) => kind === 'month' || kind === 'odd');
}

export function partitionOfKind(table: TableState, kind: PartitionKind): Partition | undefined {
  return table.partitions.find((partition) => partition.kind === kind);
}

/** An instant of a bound as people read it: 2026-03-01T00:00Z, MINVALUE, MAXVALUE. */
export function boundText(at: number): string {
  if (at === -Infinity) return 'MINVALUE';
  if (at === Infinity) return 'MAXVALUE';
  if (Number.isNaN(at)) return '';
  return new Date(at).toISOString().replace(/:00\.000Z$/, 'Z');
}
