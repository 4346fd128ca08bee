import { quoteIdentifier, quoteQualified } from '../../db/identifiers.ts';
import type { Session, Sql } from '../../db/session.ts';
import { runText } from '../../db/text.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';

/** The table by which exported archives are known to the database (migration 033), when it names any. */
export async function readArchiveJournal(sql: Sql): Promise<string | undefined> {
  const [row] = await sql<{ name: string | null }[]>`
    select pg_catalog.to_regclass('public.archive_journal')::text as name`;
  if (row?.name == null) return undefined;
  const entries = await sql`select from public.archive_journal limit 1`;
  return entries.length > 0 ? row.name : undefined;
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
