export interface View {
  readonly key: string;
  readonly name: string;
  readonly file: string;
  /** Columns in the order of their worth: the last ones are the first to go on a narrow terminal. */
  readonly columns: readonly string[];
  /** The column by which a row is found again at the next look. */
  readonly identity: 'pid' | 'query_id' | 'table';
  /** What `s` goes through. None: the order says something itself. */
  readonly sorts: readonly [SortKey, ...SortKey[]] | readonly [];
  values(request: ViewRequest): Readonly<Record<string, unknown>>;
}

export interface SortKey {
  readonly name: string;
  /** Largest first, texts from A. Undefined: the statement itself sorts so. */
  readonly column?: string;
}

export interface ViewRequest {
  readonly sort: string | undefined;
  readonly limit: number;
}

export const VIEWS: readonly [View, ...View[]] = [
  {
    key: '1',
    name: 'activity',
    file: 'sql/monitor/activity.sql',
    columns: ['pid', 'state', 'statement_ms', 'query', 'wait', 'transaction_ms', 'verdict', 'user', 'application'],
    identity: 'pid',
    sorts: [
      { name: 'transaction' },
      { name: 'statement', column: 'statement_ms' },
      { name: 'wait', column: 'wait' },
      { name: 'user', column: 'user' },
      { name: 'application', column: 'application' },
    ],
    values: ({ limit }) => ({
      all: false,
      limit,
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
    identity: 'pid',
    // Each session stands below the one that it waits for.
    sorts: [],
    values: () => ({ warn_after: 5000, crit_after: 60_000 }),
  },
  {
    key: '3',
    name: 'statements',
    file: 'sql/monitor/slow-queries.sql',
    columns: ['calls', 'total_ms', 'mean_ms', 'share', 'query', 'hit_ratio', 'query_id'],
    identity: 'query_id',
    sorts: [{ name: 'total' }, { name: 'mean' }, { name: 'calls' }, { name: 'io' }, { name: 'rows' }],
    values: ({ sort = 'total', limit }) => ({ sort, min_mean: 0, min_calls: 1, limit, all_databases: false }),
  },
  {
    key: '4',
    name: 'tables',
    file: 'sql/monitor/table-sizes.sql',
    columns: ['table', 'total_bytes', 'table_bytes', 'index_bytes', 'rows_estimate', 'dead_ratio'],
    identity: 'table',
    sorts: [
      { name: 'size' },
      { name: 'indexes', column: 'index_bytes' },
      { name: 'rows', column: 'rows_estimate' },
      { name: 'dead rows', column: 'dead_ratio' },
      { name: 'name', column: 'table' },
    ],
    values: ({ limit }) => ({ partitions: false, limit }),
  },
];
