import type postgres from 'postgres';
import type { Session, Sql } from '../../../db/session.ts';

export interface LiveRelation {
  /** Its name now; it may have been renamed since the chunks were cut. */
  readonly name: string;
  /** False once it is no longer the table, or a partition of it. */
  readonly belongs: boolean;
  /** Whether values may be stored out of line. */
  readonly toasted: boolean;
}

/** Undefined when the relation was dropped. */
export async function readRelation(
  { sql }: Session,
  { relationId, table }: { readonly relationId: number; readonly table: string },
): Promise<LiveRelation | undefined> {
  const [row] = await sql<LiveRelation[]>`
    select relation.relname as name,
           coalesce(pg_partition_root(relation.oid), relation.oid)
             is not distinct from to_regclass(pg_catalog.format('public.%I', ${table}::text)) as belongs,
           coalesce(pg_relation_size(nullif(relation.reltoastrelid, 0)), 0) > 0 as toasted
      from pg_catalog.pg_class relation
     where relation.oid = ${relationId}`;
  return row;
}

export interface Leaf {
  readonly relationId: number;
  readonly name: string;
  readonly pages: number;
}

/** What rows of a table are in now: itself, or each of its partitions. */
export function readLeaves({ sql }: Session, table: string): Promise<Leaf[]> {
  return sql<Leaf[]>`
    select relation.oid as "relationId",
           relation.relname as name,
           (pg_relation_size(relation.oid) / current_setting('block_size')::bigint)::double precision as pages
      from (${leavesOf(sql, sql`${table}::text`)}) leaf
      join pg_catalog.pg_class relation on relation.oid = leaf.relid
     order by relation.relname`;
}

/** The relations that hold rows of a table. pg_partition_tree has no row for a table that is not partitioned. */
export function leavesOf(sql: Sql, table: postgres.Fragment): postgres.Fragment {
  return sql`
    select member.oid as relid
      from pg_catalog.pg_class member
     where member.relkind = 'r'
       and (member.oid = to_regclass(pg_catalog.format('public.%I', ${table}))
            or member.oid in (
              select relid
                from pg_partition_tree(to_regclass(pg_catalog.format('public.%I', ${table})))
            ))`;
}
