import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import type { Sql } from '../../../db/session.ts';

/** Rights that a restoration needs besides those of the table's owner. */
export async function readRights(sql: Sql): Promise<{ readonly create: boolean; readonly journal: boolean }> {
  const [row] = await sql<{ create: boolean; journal: boolean }[]>`
    select has_schema_privilege('public', 'create') as create,
           has_table_privilege('public.archive_journal', 'select, update') as journal`;
  return row ?? { create: false, journal: false };
}

/** A table that stands where a restored month is to go; undefined when the place is free. */
export async function readStanding(
  sql: Sql,
  name: QualifiedName,
): Promise<{ readonly comment: string | null; readonly attached: boolean } | undefined> {
  const [row] = await sql<{ comment: string | null; attached: boolean }[]>`
    select obj_description(relation.oid, 'pg_class') as comment, relation.relispartition as attached
      from pg_catalog.pg_class relation
     where relation.oid = to_regclass(${quoteQualified(name)})`;
  return row;
}

/** Roles that default privileges gave rights on a new table, as SQL names them. */
export async function readGrantees(sql: Sql, name: QualifiedName): Promise<string[]> {
  const rows = await sql<{ role: string }[]>`
    select distinct case entry.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(entry.grantee)) end as role
      from pg_catalog.pg_class relation, aclexplode(relation.relacl) entry
     where relation.oid = to_regclass(${quoteQualified(name)}) and entry.grantee <> relation.relowner
     order by 1`;
  return rows.map(({ role }) => role);
}

/** Columns of a table that rows are given to, with their types. */
export function readShape(sql: Sql, name: QualifiedName): Promise<{ name: string; type: string }[]> {
  return sql<{ name: string; type: string }[]>`
    select attribute.attname as name, format_type(attribute.atttypid, attribute.atttypmod) as type
      from pg_catalog.pg_attribute attribute
     where attribute.attrelid = to_regclass(${quoteQualified(name)})
       and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = ''
     order by attribute.attnum`;
}

/**
 * Foreign keys of a partitioned table as they were declared, and whether a table that is to become a partition has them
 * already. One that leads to a partitioned table has others below it, one for each partition; they come by themselves.
 */
export function readForeignKeysOf(sql: Sql, parent: QualifiedName, table: QualifiedName) {
  return sql<{ name: string; definition: string; there: boolean; validated: boolean }[]>`
    select parent.conname as name,
           pg_get_constraintdef(parent.oid) as definition,
           own.oid is not null as there,
           coalesce(own.convalidated, false) as validated
      from pg_catalog.pg_constraint parent
      left join pg_catalog.pg_constraint own
        on own.conrelid = to_regclass(${quoteQualified(table)}) and own.contype = 'f' and own.conname = parent.conname
     where parent.conrelid = to_regclass(${quoteQualified(parent)}) and parent.contype = 'f'
       and parent.conparentid = 0
     order by parent.conname`;
}

/** The journal's entry of a month; undefined for a month that this database did not archive. */
export async function readRestored(
  sql: Sql,
  { table, month }: { readonly table: string; readonly month: string },
): Promise<{ readonly state: string; readonly restoredTo: string | null } | undefined> {
  const [row] = await sql<{ state: string; restoredTo: string | null }[]>`
    select state, restored_to as "restoredTo"
      from public.archive_journal
     where source_table = ${table} and month = ${month} and kind = 'month'`;
  return row;
}

const UNFINISHED = 'its dependants are not back yet';

/**
 * The month is in a table again: as a partition, and then it is not archived again by itself, or aside. As a partition it
 * has its late rows too: their own entries say so. Until what depends on it is back, the entry has a problem.
 */
export async function markRestored(
  sql: Sql,
  {
    table,
    month,
    to,
    attached,
  }: { readonly table: string; readonly month: string; readonly to: string; readonly attached: boolean },
): Promise<void> {
  await sql`
    update public.archive_journal
       set state = case when ${attached}::boolean then 'restored' else state end,
           problem = case when ${attached}::boolean then ${UNFINISHED} else problem end,
           restored_to = ${to}, restored_at = now(), updated_at = now()
     where source_table = ${table} and month = ${month} and kind = 'month'
       and (state = 'dropped' or (state = 'restored' and ${attached}::boolean))`;
  if (!attached) return;
  await sql`
    update public.archive_journal
       set restored_to = ${to}, restored_at = now(), updated_at = now()
     where source_table = ${table} and month = ${month} and kind = 'supplement' and state = 'dropped'`;
}

/** The restore has come to its end: what could go back is back. */
export async function finishRestored(sql: Sql, { table, month }: { readonly table: string; readonly month: string }) {
  await sql`
    update public.archive_journal
       set problem = null, updated_at = now()
     where source_table = ${table} and month = ${month} and kind = 'month' and state = 'restored'`;
}

/** Those of some tables that are there, each with its comment, and are no partition. */
export function readAside(
  sql: Sql,
  names: readonly QualifiedName[],
): Promise<{ readonly name: string; readonly comment: string | null }[]> {
  return sql<{ name: string; comment: string | null }[]>`
    select relation.relname as name, obj_description(relation.oid, 'pg_class') as comment
      from unnest(${names.map(quoteQualified)}::text[]) as wanted (name)
      join pg_catalog.pg_class relation on relation.oid = to_regclass(wanted.name)
     where not relation.relispartition
     order by 1`;
}
