import { quoteIdentifier, quoteQualified } from '../../db/identifiers.ts';
import type { Session, Sql } from '../../db/session.ts';
import { runText } from '../../db/text.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';

/** The tables by which archives are known to the database (migrations 026 and 031 look for the first of them too). */
export async function readArchiveTables(sql: Sql): Promise<ArchiveTables> {
  const [row] = await sql<ArchiveTables[]>`
    select pg_catalog.to_regclass('public.archive_journal') is not null as journal,
           pg_catalog.to_regclass('public.archive_manifests') is not null as manifests,
           pg_catalog.to_regclass('public.archive_rewraps') is not null as rewraps`;
  return row ?? { journal: false, manifests: false, rewraps: false };
}

interface ArchiveTables {
  readonly journal: boolean;
  readonly manifests: boolean;
  /** With migration 035. */
  readonly rewraps: boolean;
}

/** An archive that cannot be read without a key. */
export interface ManifestUse {
  /** Its number. */
  readonly manifest: number;
  readonly table: string;
  readonly month: string;
  /** Of the store that it was written to. */
  readonly location: string;
  readonly values: number;
  /** Its rows are being written anew under the key: how many values that will be is not known yet. */
  readonly pending: boolean;
}

/**
 * Archives whose manifests count values under this key.
 * @param rewraps leaves out those for which another one stands and whose files are gone; what stands for them counts for itself
 */
export function readManifestUses(
  sql: Sql,
  { kid, rewraps }: { readonly kid: string; readonly rewraps: boolean },
): Promise<ManifestUse[]> {
  const kept = sql`
    not exists (
      select from public.archive_rewraps rewrap where rewrap.supersedes = archived.sequence and rewrap.state = 'removed')`;
  return sql<ManifestUse[]>`
    select archived.sequence::double precision as manifest,
           archived.source_table as "table",
           archived.month,
           archived.location,
           sum((source.value -> 'keyIds' ->> ${kid}::text)::bigint)::double precision as "values",
           false as pending
      from public.archive_manifests archived
     cross join lateral jsonb_array_elements(archived.manifest::jsonb -> 'sources') source
     where source.value -> 'keyIds' ? ${kid}::text
       and ${rewraps ? kept : sql`true`}
     group by archived.sequence, archived.source_table, archived.month, archived.location
     order by archived.sequence`;
}

/** Archives that are being written anew under this key, and have no manifest that says so yet. */
export function readPendingUses(sql: Sql, kid: string): Promise<ManifestUse[]> {
  return sql<ManifestUse[]>`
    select archived.sequence::double precision as manifest,
           archived.source_table as "table",
           archived.month,
           archived.location,
           0::double precision as "values",
           true as pending
      from public.archive_rewraps rewrap
      join public.archive_manifests archived on archived.sequence = rewrap.supersedes
     where rewrap.state in ('planned', 'written') and ${kid} = any (rewrap.kids)
     order by archived.sequence`;
}

export interface UnregisteredColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Text columns named like a ciphertext that belong to no registered table and no partition of one. */
export function readUnregisteredColumns(sql: Sql): Promise<UnregisteredColumn[]> {
  return sql<UnregisteredColumn[]>`
    select namespace.nspname as "schema", relation.relname as "table", attribute.attname as "column"
      from pg_catalog.pg_attribute attribute
      join pg_catalog.pg_class relation on relation.oid = attribute.attrelid
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where relation.relkind in ('r', 'm', 'f')
       and relation.relpersistence <> 't'
       and attribute.attnum > 0
       and not attribute.attisdropped
       and attribute.attname like '%\\_encrypted'
       and attribute.atttypid in ('text'::regtype, 'varchar'::regtype)
       and not exists (
             select
               from pg_catalog.pg_class root
              where root.oid = coalesce(pg_partition_root(relation.oid), relation.oid)
                and root.relnamespace = 'public'::regnamespace
                and root.relname = any (${ENCRYPTED_TABLES.map(({ name }) => name)}::text[]))
     order by 1, 2, attribute.attnum`;
}

export async function countUnderKid(
  session: Pick<Session, 'sql'>,
  { schema, table, column, kid }: UnregisteredColumn & { readonly kid: string },
): Promise<number> {
  const value = quoteIdentifier(column);
  const rows = await runText<{ values: number }>(
    session,
    `select count(*)::double precision as "values"
       from ${quoteQualified({ schema, name: table })}
      where left(${value}, 4) = 'os1_' and substr(${value}, 5, 8) = $1`,
    [kid],
  );
  return rows[0]?.values ?? 0;
}
