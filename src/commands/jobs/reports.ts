import type { Counts } from '../../domain/jobs/job.ts';
import type { Column, Row } from '../../output/report.ts';

/** What was done, for machines; tables have it in words. */
export const COUNT_COLUMNS: readonly Column[] = [
  { name: 'rows_deleted', type: 'integer', wide: true },
  { name: 'rows_moved', type: 'integer', wide: true },
  { name: 'rows_changed', type: 'integer', wide: true },
  { name: 'rows_refreshed', type: 'integer', wide: true },
  { name: 'partitions_created', type: 'integer', wide: true },
  { name: 'returned', type: 'integer', wide: true },
];

export function countCells({ deleted, moved, changed, refreshed, created, returned }: Counts): Row {
  return {
    rows_deleted: deleted ?? null,
    rows_moved: moved ?? null,
    rows_changed: changed ?? null,
    rows_refreshed: refreshed ?? null,
    partitions_created: created ?? null,
    returned: returned ?? null,
  };
}
