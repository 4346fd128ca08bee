import type { Session } from '../../../db/session.ts';
import type { Partition, TableState } from '../table.ts';
import type { ForeignKey } from './queries.ts';
import { countReferring, readForeignKeys } from './queries.ts';

/** Rows that depend on a month, over one foreign key or several. */
export interface Dependant {
  readonly table: string;
  readonly rows: bigint;
  /** Its foreign key leads to the month itself: the server refuses the detach while it has rows. */
  readonly direct: boolean;
}

/** How months leave: what refers to others first (corrections, D45). Other tables come before all of these. */
const RETENTION_ORDER = [
  'order_status_history',
  'order_items',
  'payment_refunds',
  'payment_events',
  'payments',
  'orders',
];
/** Events of payments of orders: two keys. One more for what a shop adds. */
const LONGEST_CHAIN = 3;

/** Everything that refers to rows of a partition, in the order in which it has to leave. Reads the referring tables. */
export async function readDependants(
  { sql }: Session,
  table: TableState,
  partition: Partition,
): Promise<readonly Dependant[]> {
  if (table.referencedBy.length === 0) return [];
  const chains = chainsTo(table.oid, await readForeignKeys(sql));
  const found = new Map<string, Dependant>();
  for (const chain of chains) {
    const rows = await countReferring(sql, partition, chain);
    const name = chain.at(-1)?.table ?? '';
    const known = found.get(name);
    const most = known === undefined || rows > known.rows ? rows : known.rows;
    found.set(name, { table: name, rows: most, direct: chain.length === 1 || known?.direct === true });
  }
  return [...found.values()].sort((one, other) => rankOf(one.table) - rankOf(other.table));
}

/** Chains of foreign keys that end at a table, shortest first; none runs in a circle. */
function chainsTo(oid: string, keys: readonly ForeignKey[], chain: readonly ForeignKey[] = []): ForeignKey[][] {
  if (chain.length === LONGEST_CHAIN) return [];
  const next = keys.filter(
    (key) =>
      key.referenced === oid && key.referencing !== oid && !chain.some((above) => above.referenced === key.referencing),
  );
  return next.flatMap((key) => [[...chain, key], ...chainsTo(key.referencing, keys, [...chain, key])]);
}

function rankOf(table: string): number {
  return RETENTION_ORDER.indexOf(table);
}
