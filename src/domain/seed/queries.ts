import { identifier } from '../../db/text.ts';
import type { Sql } from '../../db/session.ts';
import { PARTITIONED_TABLES } from './table.ts';

/** The SQL around a seed: what is there before it, its transaction, the months it needs, the sizes after it. */
export interface SeedTableState {
  readonly name: string;
  /** Whether the role may disable its triggers and load it past row security. */
  readonly owned: boolean;
}

export function readSeedTables(sql: Sql, names: readonly string[]): Promise<SeedTableState[]> {
  return sql<SeedTableState[]>`
    select relation.relname as name,
           pg_catalog.pg_has_role(relation.relowner, 'usage') as owned
      from pg_catalog.pg_class relation
     where relation.relnamespace = 'public'::regnamespace
       and relation.relkind in ('r', 'p')
       and relation.relname = any (${names as string[]})`;
}

/** The actions of `ordersync key`: keys are made before a seed, and their audit rows are no data of a shop. */
const KEY_ACTIONS = ['CREATE_KEY', 'ROTATE_KEY', 'REWRAP_KEY', 'RETIRE_KEY', 'DESTROY_KEY', 'DECRYPT_VALUE'];

export async function holdsRows(sql: Sql, table: string): Promise<boolean> {
  const exempt = table === 'audit_logs' ? sql`where action <> all (${KEY_ACTIONS})` : sql``;
  const rows = await sql`select from ${identifier(sql, { schema: 'public', name: table })} ${exempt} limit 1`;
  return rows.length > 0;
}

export async function countStored(sql: Sql, table: string): Promise<bigint> {
  const exempt = table === 'audit_logs' ? sql`where action <> all (${KEY_ACTIONS})` : sql``;
  const [row] = await sql<{ rows: string }[]>`
    select count(*)::text as rows from ${identifier(sql, { schema: 'public', name: table })} ${exempt}`;
  return BigInt(row?.rows ?? 0);
}

/** @param from the first day of a month, such as 2025-01-01 @returns how many months were missing */
export async function ensureMonths(sql: Sql, table: string, range: { from: string; to: string }): Promise<number> {
  const created = await sql`
    select partition_name
      from public.ensure_month_partitions(${`public.${table}`}::text::regclass, ${range.from}::date, ${range.to}::date)`;
  return created.length;
}

/**
 * The audit triggers would write one row for every user and payment, all with the time of the transaction. The seed writes
 * these rows itself, with the time of what they record. The lock lasts until the end of the transaction.
 */
export async function disableAuditTriggers(sql: Sql): Promise<void> {
  await sql`alter table public.users disable trigger trigger_audit_users`;
  await sql`alter table public.payments disable trigger trigger_audit_payments`;
}

export async function enableAuditTriggers(sql: Sql): Promise<void> {
  await sql`alter table public.users enable trigger trigger_audit_users`;
  await sql`alter table public.payments enable trigger trigger_audit_payments`;
}

export async function analyzeTable(sql: Sql, table: string): Promise<void> {
  await sql`analyze ${identifier(sql, { schema: 'public', name: table })}`;
}

export async function refreshPaymentState(sql: Sql): Promise<void> {
  await sql`refresh materialized view public.payment_current_state`;
}

/** With indexes and partitions. */
export async function readTableBytes(sql: Sql, table: string): Promise<bigint> {
  const [row] = await sql<{ bytes: string }[]>`
    with target as (select ${`public.${table}`}::text::regclass as id)
    select coalesce(
             (select sum(pg_catalog.pg_total_relation_size(relid)) from pg_catalog.pg_partition_tree(target.id)),
             pg_catalog.pg_total_relation_size(target.id))::text as bytes
      from target`;
  return BigInt(row?.bytes ?? 0);
}

/** The catch-all partitions of the tables that are partitioned by month. */
export async function readCatchAlls(sql: Sql): Promise<{ readonly schema: string; readonly name: string }[]> {
  return sql<{ schema: string; name: string }[]>`
    select namespace.nspname as schema, relation.relname as name
      from unnest(${[...PARTITIONED_TABLES]}::text[]) parent
     cross join lateral public.month_partition_ranges(('public.' || parent)::regclass) ranges
      join pg_catalog.pg_class relation on relation.oid = ranges.partition
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where ranges.range_start = '-infinity' or ranges.range_end = 'infinity'`;
}

export async function holdsAnyRow(
  sql: Sql,
  name: { readonly schema: string; readonly name: string },
): Promise<boolean> {
  return (await sql`select from ${identifier(sql, name)} limit 1`).length > 0;
}

export interface StoredValue {
  readonly row_id: string;
  readonly text: string | null;
  readonly key_id: string | null;
}

/** Some values of one pair, from around a random place in the order of ids. */
export function readSample(
  sql: Sql,
  pair: { readonly table: string; readonly id: string; readonly value: string; readonly key: string },
  sample: { readonly from: string; readonly rows: number },
): Promise<StoredValue[]> {
  const columns = sql`${identifier(sql, pair.id)}::text as row_id, ${identifier(sql, pair.value)} as text,
    ${identifier(sql, pair.key)} as key_id`;
  const table = identifier(sql, { schema: 'public', name: pair.table });
  return sql<StoredValue[]>`
    (select ${columns} from ${table} where id >= ${sample.from}::uuid order by id limit ${sample.rows})
    union all
    (select ${columns} from ${table} where id < ${sample.from}::uuid order by id desc limit ${sample.rows})`;
}
