import type { Sql } from '../../../db/session.ts';

/** A table, materialized view or index as it stands inside the traced transaction. */
export interface RelationState {
  readonly oid: string;
  /** The table, or for an index its table; of a partition the topmost parent. Schema-qualified and quoted. */
  readonly table: string;
  readonly isIndex: boolean;
  /** Changes when the file is written anew; '0' for what has no file. */
  readonly filenode: string;
  /** Sequential scans so far, of tables; counts those of ALTER TABLE and CREATE INDEX, and those of empty tables. */
  readonly scans: number;
  /** Modes that this session holds, joined by commas. */
  readonly locks: string;
}

/** Names are written with their schema here, because a traced file may have changed the search_path. */
export function readRelationStates(sql: Sql): Promise<RelationState[]> {
  return sql<RelationState[]>`
    select relation.oid::text as oid,
           format('%I.%I', namespace.nspname, root.relname) as "table",
           relation.relkind in ('i', 'I') as "isIndex",
           relation.relfilenode::text as filenode,
           coalesce(statistics.seq_scan, 0)::double precision as scans,
           coalesce(held.modes, '') as locks
      from pg_catalog.pg_class as relation
      left join pg_catalog.pg_index as index on index.indexrelid = relation.oid
      join pg_catalog.pg_class as root
        on root.oid = coalesce(
             pg_catalog.pg_partition_root(coalesce(index.indrelid, relation.oid)), index.indrelid, relation.oid)
      join pg_catalog.pg_namespace as namespace on namespace.oid = root.relnamespace
      left join pg_catalog.pg_stat_xact_all_tables as statistics on statistics.relid = relation.oid
      left join lateral (
             select string_agg(lock.mode, ',') as modes
               from pg_catalog.pg_locks as lock
              where lock.relation = relation.oid
                and lock.pid = pg_catalog.pg_backend_pid()
                and lock.granted
           ) as held on true
     where relation.relkind in ('r', 'p', 'm', 'i', 'I')
       and relation.oid >= 16384 -- below are the system's own
       and namespace.nspname !~ '^pg_'`;
}

export function readScanCounting(sql: Sql): Promise<{ counted: boolean }[]> {
  return sql<{ counted: boolean }[]>`select current_setting('track_counts')::boolean as counted`;
}

export interface TableSize {
  readonly table: string;
  /** Rows as the statistics estimate them. */
  readonly rows: number;
  /** Bytes as VACUUM and ANALYZE last saw them; null when they never looked, and there are rows. */
  readonly bytes: number | null;
}

/** From statistics only: pg_table_size() would wait for locks. Partitions count for their topmost parent. */
export function readTableSizes(sql: Sql): Promise<TableSize[]> {
  return sql<TableSize[]>`
    select format('%I.%I', namespace.nspname, root.relname) as "table",
           sum(measured.rows)::double precision as rows,
           case
             when bool_or(measured.pages = 0 and measured.rows > 0) then null
             else (sum(measured.pages) * current_setting('block_size')::bigint)::double precision
           end as bytes
      from pg_catalog.pg_class as relation
      join pg_catalog.pg_class as root
        on root.oid = coalesce(pg_catalog.pg_partition_root(relation.oid), relation.oid)
      join pg_catalog.pg_namespace as namespace on namespace.oid = root.relnamespace
      left join pg_catalog.pg_stat_all_tables as statistics on statistics.relid = relation.oid
     cross join lateral (
             select case when relation.relkind = 'p' then 0
                         else greatest(relation.reltuples, statistics.n_live_tup, 0) end as rows,
                    case when relation.relkind = 'p' then 0 else relation.relpages::bigint end as pages
           ) as measured
     where relation.relkind in ('r', 'p', 'm')
       and relation.oid >= 16384 -- below are the system's own
       and namespace.nspname !~ '^pg_'
     group by namespace.nspname, root.relname`;
}
