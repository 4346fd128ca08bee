import type { Sql } from '../../db/session.ts';

export interface TableRow {
  readonly wanted: string;
  /** Null when there is no such table. */
  readonly oid: string | null;
  readonly schema: string;
  readonly name: string;
  readonly relkind: string;
  readonly owned: boolean;
  readonly strategy: string | null;
  readonly keyColumns: number | null;
  readonly keyColumn: string | null;
  readonly keyType: string | null;
  readonly references: readonly string[];
  readonly referencing: readonly string[];
  readonly referencingRows: readonly number[];
}

export async function hasMonthFunctions(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regprocedure('public.month_partition_ranges(regclass)') is not null
       and to_regprocedure('public.lock_for_months(regclass, regclass[], boolean)') is not null as there`;
  return row?.there === true;
}

/** @param names as SQL writes them, quoted and qualified */
export function readTables(sql: Sql, names: readonly string[]): Promise<TableRow[]> {
  return sql<TableRow[]>`
    select wanted.name as wanted,
           relation.oid::text as oid,
           coalesce(namespace.nspname, '') as schema,
           coalesce(relation.relname, '') as name,
           coalesce(relation.relkind, '') as relkind,
           coalesce(pg_has_role(relation.relowner, 'usage'), false) as owned,
           partitioned.partstrat as strategy,
           partitioned.partnatts::integer as "keyColumns",
           key.attname as "keyColumn",
           key.atttypid::regtype::text as "keyType",
           array(
             select distinct confrelid::regclass::text
               from pg_catalog.pg_constraint
              where conrelid = relation.oid and contype = 'f'
              order by 1) as references,
           array(
             select distinct conrelid::regclass::text
               from pg_catalog.pg_constraint
              where confrelid = relation.oid and contype = 'f' and conparentid = 0
              order by 1) as referencing,
           array(
             select max(greatest(child.reltuples, 0))::float8
               from pg_catalog.pg_constraint
               join pg_catalog.pg_class child on child.oid = conrelid
              where confrelid = relation.oid and contype = 'f' and conparentid = 0
              group by conrelid::regclass::text
              order by conrelid::regclass::text) as "referencingRows"
      from unnest(${names as string[]}::text[]) with ordinality wanted (name, position)
      left join pg_catalog.pg_class relation on relation.oid = to_regclass(wanted.name)
      left join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
      left join pg_catalog.pg_partitioned_table partitioned on partitioned.partrelid = relation.oid
      left join pg_catalog.pg_attribute key
        on key.attrelid = relation.oid and key.attnum = partitioned.partattrs[0] and key.attnum > 0
     order by wanted.position`;
}

export interface PartitionRow {
  readonly parent: string;
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly bound: string;
  readonly pending: boolean;
  readonly rows: number;
  readonly bytes: string;
  /** Seconds since 1970, or null for a partition without a range. */
  readonly start: number | null;
  readonly end: number | null;
}

/** @param parents oids of partitioned tables by time or UUIDv7 */
export function readPartitions(sql: Sql, parents: readonly string[]): Promise<PartitionRow[]> {
  return sql<PartitionRow[]>`
    select parent.oid::text as parent,
           child.oid::text as oid,
           namespace.nspname as schema,
           child.relname as name,
           pg_get_expr(child.relpartbound, child.oid) as bound,
           inherits.inhdetachpending as pending,
           coalesce(nullif(child.reltuples, -1), pg_stat_get_live_tuples(child.oid))::float8 as rows,
           pg_total_relation_size(child.oid)::text as bytes,
           extract(epoch from ranges.range_start)::float8 as start,
           extract(epoch from ranges.range_end)::float8 as end
      from unnest(${parents as string[]}::text[]::oid[]) parent (oid)
      join pg_catalog.pg_inherits inherits on inherits.inhparent = parent.oid
      join pg_catalog.pg_class child on child.oid = inherits.inhrelid
      join pg_catalog.pg_namespace namespace on namespace.oid = child.relnamespace
      left join lateral public.month_partition_ranges(parent.oid::regclass) ranges
        on ranges.partition = child.oid::regclass
     order by ranges.range_start, child.relname`;
}
