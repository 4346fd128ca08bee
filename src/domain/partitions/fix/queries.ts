import { quoteQualified } from '../../../db/identifiers.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Sql } from '../../../db/session.ts';
import { identifier } from '../../../db/text.ts';

export async function alignPartition(sql: Sql, parent: QualifiedName, partition: QualifiedName): Promise<void> {
  await sql`
    select public.align_month_partition(
      ${quoteQualified(parent)}::text::regclass, ${quoteQualified(partition)}::text::regclass)`;
}

/** @param months first days @returns how many rows moved */
export async function drainDefault(
  sql: Sql,
  { parent, fallback, months }: { parent: QualifiedName; fallback: QualifiedName; months: readonly string[] },
): Promise<bigint> {
  const [row] = await sql<{ moved: string }[]>`
    select public.drain_default_partition(
      ${quoteQualified(parent)}::text::regclass, ${quoteQualified(fallback)}::text::regclass,
      ${months as string[]}::text[]::timestamptz[])::text as moved`;
  return BigInt(row?.moved ?? 0);
}

/** @returns statements that would bring foreign keys back: rows that others refer to cannot be set aside */
export async function setAside(sql: Sql, parent: QualifiedName, fallback: QualifiedName): Promise<readonly string[]> {
  const [row] = await sql<{ restore: string[] }[]>`
    select public.detach_catch_all(
      ${quoteQualified(parent)}::text::regclass, ${quoteQualified(fallback)}::text::regclass) as restore`;
  return row?.restore ?? [];
}

/** Triggers that would take a row that comes back for a new one. */
export async function readInsertTriggers(sql: Sql, parent: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select tgname::text as name
      from pg_catalog.pg_trigger
     where tgrelid = ${parent}::oid and not tgisinternal and tgenabled <> 'D'
       and tgtype & 1 = 1 and tgtype & 4 = 4 -- for each row, on insert
     order by 1`;
  return rows.map(({ name }) => name);
}

export async function readColumns(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select attname::text as name
      from pg_catalog.pg_attribute
     where attrelid = ${table}::oid and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`;
  return rows.map(({ name }) => name);
}

/** Moves some rows of a table that was set aside back through the partitioned table. @returns how many */
export async function bringBack(
  sql: Sql,
  move: { parent: QualifiedName; quarantine: QualifiedName; columns: readonly string[]; rows: number },
): Promise<number> {
  const from = identifier(sql, move.quarantine);
  const columns = move.columns
    .map((name) => sql`${identifier(sql, name)}`)
    .reduce((list, name) => sql`${list}, ${name}`);
  const moved = await sql`
    with moved as (
      delete from ${from}
       where ctid = any (array(select ctid from ${from} limit ${move.rows}))
      returning ${columns}
    )
    insert into ${identifier(sql, move.parent)} (${columns}) overriding system value
    select ${columns} from moved`;
  return moved.count;
}
