import { PARTITIONED_TABLES } from '../../partitions/table.ts';

/** A table whose rows leave with the month of the row they refer to. */
export interface DependantTable {
  readonly table: string;
  /** Refers to the UUIDv7 of the month's rows, so that a range of ids says what belongs to a month. */
  readonly reference: string;
  /** Undefined where rows have no time: they repeat what stands in the month's own rows, and leave with those. */
  readonly timeColumn: 'created_at' | undefined;
  readonly orderedBy: readonly string[];
}

/** A table that is archived month by month. */
export interface ArchivedTable {
  readonly table: string;
  /** Whole months leave as partitions; without partitions their rows are deleted hour by hour. */
  readonly partitioned: boolean;
  /** The month is in the UUIDv7 `id`; otherwise in `created_at`. */
  readonly byId: boolean;
  /** Behind the guard of append-only tables, which opens to a transaction that names itself. */
  readonly guarded: boolean;
  readonly dependants: readonly DependantTable[];
  /** A month stays while rows of this table refer to it: they leave by their own months, earlier in the same run. */
  readonly waitsFor: DependantTable | undefined;
}

export const ROW_ORDER = ['created_at', 'id'] as const;

/** In the order in which they are archived: payments refer to orders, and so leave before them. */
export const ARCHIVED_TABLES: readonly ArchivedTable[] = [
  table('audit_logs', { guarded: true }),
  table('audit_logs_archive', { guarded: true, partitioned: false }),
  table('notification_logs', {}),
  table('payments', {
    byId: true,
    dependants: [
      dependant('payment_refunds', 'payment_id'),
      dependant('payment_events', 'payment_id'),
      { table: 'payment_order_keys', reference: 'payment_id', timeColumn: undefined, orderedBy: ['payment_id'] },
    ],
  }),
  table('orders', {
    byId: true,
    dependants: [dependant('order_status_history', 'order_id'), dependant('order_items', 'order_id')],
    waitsFor: dependant('payments', 'order_id'),
  }),
];

export const ARCHIVED_TABLE_NAMES: readonly string[] = ARCHIVED_TABLES.map(({ table: name }) => name);

function table(name: string, options: Partial<ArchivedTable>): ArchivedTable {
  const partitioned = (PARTITIONED_TABLES as readonly string[]).includes(name);
  return { table: name, partitioned, byId: false, guarded: false, dependants: [], waitsFor: undefined, ...options };
}

function dependant(name: string, reference: string): DependantTable {
  return { table: name, reference, timeColumn: 'created_at', orderedBy: ROW_ORDER };
}
