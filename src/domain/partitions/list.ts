import type { Session } from '../../db/session.ts';
import { readTableStates } from './catalog.ts';
import { requireReadablePartitions } from './readable.ts';
import { readExtent } from './rows-queries.ts';
import type { Partition, TableState } from './table.ts';

export interface ListedPartition {
  readonly table: TableState;
  /** Undefined for a table without partitions. */
  readonly partition: Partition | undefined;
  /** Times of its oldest and newest row. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** Every partition of the tables. Rows are not counted; oldest and newest come from the indexes on created_at. */
export async function listPartitions(session: Session, tables: readonly string[]): Promise<readonly ListedPartition[]> {
  const listed: ListedPartition[] = [];
  const states = await readTableStates(session, tables);
  await requireReadablePartitions(session, states);
  for (const table of states) {
    if (table.partitions.length === 0) listed.push({ table, partition: undefined, oldest: null, newest: null });
    for (const partition of table.partitions) {
      // The time in a version 4 id means nothing; created_at is there in every table by id.
      const column = table.key === undefined || table.key.byId ? 'created_at' : table.key.column;
      listed.push({ table, partition, ...(await readExtent(session.sql, partition, column)) });
    }
  }
  return listed;
}
