import type { Session } from '../../db/session.ts';

export interface HeaderRow {
  readonly uptime_ms: number;
  readonly transactions: string;
  readonly hits: string;
  readonly reads: string;
  readonly connections: number;
  readonly allowed: number;
  readonly oldest_transaction_ms: number | null;
  /** Position in the WAL, in bytes; the place of replay on a standby. */
  readonly wal: string;
}

/** What the head of the screen is made of. Counters are of this database. */
export async function readHeader({ sql }: Pick<Session, 'sql'>): Promise<HeaderRow | undefined> {
  const [row] = await sql<HeaderRow[]>`
    select
      extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 * 1000 as uptime_ms,
      d.xact_commit + d.xact_rollback as transactions,
      d.blks_hit as hits,
      d.blks_read as reads,
      a.connections,
      current_setting('max_connections')::integer as allowed,
      a.oldest_transaction_ms,
      pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, '0/0') as wal
    from pg_catalog.pg_stat_database as d
    cross join (
      select
        count(*) filter (where s.datid is not null)::integer as connections,
        max(extract(epoch from clock_timestamp() - s.xact_start))::float8 * 1000 as oldest_transaction_ms
      from pg_catalog.pg_stat_activity as s
      where s.pid <> pg_backend_pid()
    ) as a
    where d.datname = current_database()
  `;
  return row;
}
