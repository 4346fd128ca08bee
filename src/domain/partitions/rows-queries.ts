import type { QualifiedName } from '../../db/identifiers.ts';
import type { Sql } from '../../db/session.ts';
import { identifier } from '../../db/text.ts';
import type { PartitionKey } from './table.ts';

export interface Range {
  /** ISO instants; `-infinity` and `infinity` for no bound. */
  readonly from: string;
  readonly to: string;
}

export async function holdsRows(sql: Sql, partition: QualifiedName): Promise<boolean> {
  const rows = await sql`select from ${identifier(sql, partition)} limit 1`;
  return rows.length > 0;
}

/** Rows of a range in one partition, counted up to a limit. */
export async function countRange(
  sql: Sql,
  partition: QualifiedName,
  { key, range, limit }: { readonly key: PartitionKey; readonly range: Range; readonly limit: number },
): Promise<number> {
  const column = identifier(sql, key.column);
  const bound = (at: string) =>
    key.byId ? sql`public.uuid_v7_floor(${at}::text::timestamptz)` : sql`${at}::text::timestamptz`;
  const [row] = await sql<{ rows: number }[]>`
    select count(*)::integer as rows
      from (select from ${identifier(sql, partition)}
             where ${column} >= ${bound(range.from)} and ${column} < ${bound(range.to)} limit ${limit}) found`;
  return row?.rows ?? 0;
}

export interface MonthCount {
  /** First day of a UTC month, or null for keys that are no time: -infinity, infinity. */
  readonly month: string | null;
  /** Ids that are no UUIDv7, whose first bits are no time. */
  readonly foreign: boolean;
  readonly rows: string;
}

/** All rows of one partition by month: reads the whole of it. */
export function countByMonth(sql: Sql, partition: QualifiedName, key: PartitionKey): Promise<MonthCount[]> {
  const column = identifier(sql, key.column);
  const at = key.byId ? sql`public.uuid_v7_timestamp(${column})` : column;
  const foreign = key.byId ? sql`get_byte(uuid_send(${column}), 6) >> 4 <> 7` : sql`false`;
  return sql<MonthCount[]>`
    select case when isfinite(${at})
             then to_char(date_trunc('month', ${at} at time zone 'UTC'), 'YYYY-MM') end as month,
           ${foreign} as foreign,
           count(*)::text as rows
      from ${identifier(sql, partition)}
     group by 1, 2
     order by 1, 2`;
}

/** Times of the oldest and the newest row, by the index on created_at where there is one. */
export async function readExtent(
  sql: Sql,
  partition: QualifiedName,
  column: string,
): Promise<{ readonly oldest: string | null; readonly newest: string | null }> {
  const at = identifier(sql, column);
  const table = identifier(sql, partition);
  const [row] = await sql<{ oldest: string | null; newest: string | null }[]>`
    select (select ${at} from ${table} order by ${at} limit 1)::text as oldest,
           (select ${at} from ${table} order by ${at} desc limit 1)::text as newest`;
  return row ?? { oldest: null, newest: null };
}

/** Timeouts made for applications must not end work that waits with patience: they cancel a DETACH half way. */
export async function liftTimeouts(sql: Sql): Promise<void> {
  // By pg_settings, because transaction_timeout exists from version 17 on.
  await sql`
    select set_config(name, '0', false)
      from pg_catalog.pg_settings
     where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',
                    'idle_session_timeout', 'transaction_timeout')`;
}

/** @param ms 0 for no limit */
export async function setLockTimeout(sql: Sql, ms: number): Promise<void> {
  await sql`select set_config('lock_timeout', ${`${ms}ms`}, false)`;
}
