import type postgres from 'postgres';
import { quoteQualified } from '../../../db/identifiers.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Sql } from '../../../db/session.ts';
import { identifier } from '../../../db/text.ts';

/** `attached`, `pending` while a detach is unfinished, `detached` for a table of its own, `absent` without a table. */
export type Attachment = 'attached' | 'pending' | 'detached' | 'absent';

export async function readAttachment(sql: Sql, name: QualifiedName): Promise<Attachment> {
  const [row] = await sql<{ attachment: Attachment }[]>`
    select case
             when relation.oid is null then 'absent'
             when inherits.inhdetachpending then 'pending'
             when inherits.inhrelid is not null then 'attached'
             else 'detached'
           end as attachment
      from (select to_regclass(${quoteQualified(name)}) as oid) relation
      left join pg_catalog.pg_inherits inherits on inherits.inhrelid = relation.oid`;
  return row?.attachment ?? 'absent';
}

/**
 * The backend that is detaching this partition now: it goes on alone after its client was killed. Its statement is the only
 * sign of it, and is shown to members of its role and of pg_read_all_stats only.
 */
export async function readDetacher(sql: Sql, partition: string): Promise<number | undefined> {
  const [row] = await sql<{ pid: number }[]>`
    select pid
      from pg_catalog.pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
       and query ~* '\\mdetach\\s+partition\\M' and strpos(query, ${partition}) > 0
     order by pid
     limit 1`;
  return row?.pid;
}

export interface ForeignKey {
  readonly name: string;
  readonly referencing: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
}

/** Every foreign key of the database as it was declared; oids as text. */
export function readForeignKeys(sql: Sql): Promise<ForeignKey[]> {
  return sql<ForeignKey[]>`
    select foreign_key.conname as name,
           foreign_key.conrelid::text as referencing,
           namespace.nspname as schema,
           referencing.relname as table,
           array(select attname::text from unnest(conkey) with ordinality key (number, position)
                   join pg_catalog.pg_attribute on attrelid = conrelid and attnum = key.number
                  order by key.position) as columns,
           foreign_key.confrelid::text as referenced,
           array(select attname::text from unnest(confkey) with ordinality key (number, position)
                   join pg_catalog.pg_attribute on attrelid = confrelid and attnum = key.number
                  order by key.position) as "referencedColumns"
      from pg_catalog.pg_constraint foreign_key
      join pg_catalog.pg_class referencing on referencing.oid = foreign_key.conrelid
      join pg_catalog.pg_namespace namespace on namespace.oid = referencing.relnamespace
     where foreign_key.contype = 'f' and foreign_key.conparentid = 0
     order by 2, 1`;
}

/**
 * Rows at the end of a chain of foreign keys that begins at a partition: the first key refers to the partition's table, each
 * other one to the table of the key before it.
 */
export async function countReferring(
  sql: Sql,
  partition: QualifiedName,
  chain: readonly ForeignKey[],
): Promise<bigint> {
  const last = chain.at(-1);
  if (last === undefined) return 0n;
  const [row] = await sql<{ rows: string }[]>`
    select count(*)::text as rows from ${nameOf(sql, last)} referring where ${refersTo(sql, partition, chain)}`;
  return BigInt(row?.rows ?? 0);
}

/** "the row called `referring` refers, over the chain, to a row of the partition" */
function refersTo(sql: Sql, partition: QualifiedName, chain: readonly ForeignKey[]): postgres.Fragment {
  const last = chain.at(-1);
  if (last === undefined) return sql`true`;
  const tuple = (columns: readonly string[]): postgres.Fragment =>
    columns
      .map((column) => sql`referring.${identifier(sql, column)}`)
      .reduce((list, column) => sql`${list}, ${column}`);
  const before = chain.slice(0, -1);
  const above = before.at(-1);
  const target = above === undefined ? identifier(sql, partition) : nameOf(sql, above);
  return sql`(${tuple(last.columns)}) in (
    select ${tuple(last.referencedColumns)} from ${target} referring where ${refersTo(sql, partition, before)})`;
}

function nameOf(sql: Sql, { schema, table }: ForeignKey): postgres.Fragment {
  return identifier(sql, { schema, name: table });
}
