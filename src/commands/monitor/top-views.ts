/** What `s` goes through: the sort keys of monitor slow-queries. */
export const SORTS = ['total', 'mean', 'calls', 'io', 'rows'] as const;
type Sort = (typeof SORTS)[number];

export interface View {
  readonly key: string;
  readonly name: string;
  readonly file: string;
  /** Columns in the order of their worth: the last ones are the first to go on a narrow terminal. */
  readonly columns: readonly string[];
  values(sort: Sort | undefined): Readonly<Record<string, unknown>>;
}

const MOST_ROWS = 200;

export const VIEWS: readonly [View, ...View[]] = [
  {
    key: '1',
    name: 'activity',
    file: 'sql/monitor/activity.sql',
    columns: ['pid', 'state', 'statement_ms', 'query', 'wait', 'transaction_ms', 'verdict', 'user', 'application'],
    values: () => ({
      all: false,
      limit: MOST_ROWS,
      long_transaction: 300_000,
      endless_transaction: 3_600_000,
      idle_in_transaction: 60_000,
    }),
  },
  {
    key: '2',
    name: 'blocking',
    file: 'sql/monitor/blocking.sql',
    columns: ['session', 'wait_ms', 'waiting_below', 'query', 'lock', 'state', 'verdict', 'application'],
    values: () => ({ warn_after: 5000, crit_after: 60_000 }),
  },
  {
    key: '3',
    name: 'statements',
    file: 'sql/monitor/slow-queries.sql',
    columns: ['calls', 'total_ms', 'mean_ms', 'share', 'query', 'hit_ratio', 'query_id'],
    values: (sort = 'total') => ({ sort, min_mean: 0, min_calls: 1, limit: MOST_ROWS, all_databases: false }),
  },
  {
    key: '4',
    name: 'tables',
    file: 'sql/monitor/table-sizes.sql',
    columns: ['table', 'total_bytes', 'table_bytes', 'index_bytes', 'rows_estimate', 'dead_ratio'],
    values: () => ({ partitions: false, limit: MOST_ROWS }),
  },
];
