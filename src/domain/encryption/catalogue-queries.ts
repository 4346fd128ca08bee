import type { Sql } from '../../db/session.ts';

export interface LiveColumn {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
}

/**
 * Every column of the tables in schema public that looks like part of an encrypted pair or of a blind index. Without
 * partitions, which have their parent's columns; a detached one is a table again, and is listed. Without restored months,
 * which are read-only copies of what the archive keeps under its keys anyway.
 */
export function readEncryptionColumns(sql: Sql): Promise<LiveColumn[]> {
  return sql<LiveColumn[]>`
    select relation.relname as "table",
           attribute.attname as "column",
           pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) as "type",
           not attribute.attnotnull as "nullable"
      from pg_catalog.pg_attribute attribute
      join pg_catalog.pg_class relation on relation.oid = attribute.attrelid
     where relation.relnamespace = 'public'::regnamespace
       and relation.relkind in ('r', 'p', 'f')
       and not relation.relispartition
       and not exists (
             select
               from pg_catalog.pg_trigger guard
              where guard.tgrelid = relation.oid
                and guard.tgfoid = pg_catalog.to_regprocedure('public.refuse_restored_write()'))
       and attribute.attnum > 0
       and not attribute.attisdropped
       and (attribute.attname like '%\_encrypted'
            or attribute.attname like '%\_key\_id'
            or attribute.attname in ('email_hash', 'ip_hash', 'external_id_hash'))
     order by relation.relname, attribute.attnum`;
}

/** Columns of a table's primary key, in its order. */
export async function readPrimaryKey(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ column: string }[]>`
    select attribute.attname as "column"
      from pg_catalog.pg_index index
     cross join lateral unnest(index.indkey) with ordinality key (attnum, position)
      join pg_catalog.pg_attribute attribute
        on attribute.attrelid = index.indrelid and attribute.attnum = key.attnum
     where index.indrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', ${table}::text))
       and index.indisprimary
     order by key.position`;
  return rows.map(({ column }) => column);
}
