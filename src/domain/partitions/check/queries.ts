import type { Sql } from '../../../db/session.ts';

/** Where a partition differs from its parent in what it does not inherit, or can lose. */
export interface Drift {
  readonly oid: string;
  /** Statement triggers of the parent that it lacks, or has in another state. */
  readonly triggers: readonly string[];
  /** Row triggers that are disabled here and enabled on the parent. */
  readonly disabled: readonly string[];
  readonly rowSecurityOff: boolean;
  /** Roles that may do something with it directly, past the parent's row security. */
  readonly grantees: readonly string[];
  readonly invalidIndexes: readonly string[];
}

export function readDrift(sql: Sql, parent: string): Promise<Drift[]> {
  return sql<Drift[]>`
    select child.oid::text as oid,
           array(
             select wanted.tgname::text
               from pg_catalog.pg_trigger wanted
              where wanted.tgrelid = parent.oid and not wanted.tgisinternal
                and wanted.tgtype & 1 = 0 -- a statement trigger
                and not exists (
                  select from pg_catalog.pg_trigger own
                   where own.tgrelid = child.oid and own.tgname = wanted.tgname and own.tgenabled = wanted.tgenabled)
              order by 1) as triggers,
           array(
             select own.tgname::text
               from pg_catalog.pg_trigger own
               join pg_catalog.pg_trigger wanted on wanted.oid = own.tgparentid
              where own.tgrelid = child.oid and own.tgenabled = 'D' and wanted.tgenabled <> 'D'
                and not own.tgisinternal
              order by 1) as disabled,
           parent.relrowsecurity and not child.relrowsecurity as "rowSecurityOff",
           array(
             select distinct case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end
               from aclexplode(child.relacl)
              where grantee <> child.relowner
              order by 1) as grantees,
           array(
             select indexrelid::regclass::text
               from pg_catalog.pg_index
              where indrelid = child.oid and not indisvalid
              order by 1) as "invalidIndexes"
      from pg_catalog.pg_class parent
      join pg_catalog.pg_inherits on inhparent = parent.oid
      join pg_catalog.pg_class child on child.oid = inhrelid
     where parent.oid = ${parent}::oid and not inhdetachpending
     order by child.relname`;
}

/** Indexes of the parent that are not on every partition. */
export async function readInvalidIndexes(sql: Sql, parent: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select indexrelid::regclass::text as name
      from pg_catalog.pg_index
     where indrelid = ${parent}::oid and not indisvalid
     order by 1`;
  return rows.map(({ name }) => name);
}

/** Tables set aside by a quarantine that is not through; they say so in their comment. */
export function readQuarantines(
  sql: Sql,
  comment: string,
): Promise<{ readonly schema: string; readonly name: string }[]> {
  return sql<{ schema: string; name: string }[]>`
    select namespace.nspname as schema, relation.relname as name
      from pg_catalog.pg_description description
      join pg_catalog.pg_class relation on relation.oid = description.objoid
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where description.classoid = 'pg_class'::regclass and description.objsubid = 0
       and description.description = ${comment}
     order by 1, 2`;
}

/** Ranges of a table that an archive has taken charge of; none where there is no archive. */
export async function readJournaled(
  sql: Sql,
  table: string,
): Promise<{ readonly from: number; readonly to: number }[]> {
  const [journal] = await sql<{ there: boolean }[]>`
    select count(*) = 3 as there
      from pg_catalog.pg_attribute
     where attrelid = to_regclass('public.archive_journal')
       and attname in ('source_table', 'range_start', 'range_end') and not attisdropped`;
  if (journal?.there !== true) return [];
  return sql<{ from: number; to: number }[]>`
    select extract(epoch from range_start)::float8 * 1000 as from, extract(epoch from range_end)::float8 * 1000 as to
      from public.archive_journal
     where source_table = ${table}`;
}
