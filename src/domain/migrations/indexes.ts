import { quoteIdentifier } from '../../db/identifiers.ts';
import type { Session, Sql } from '../../db/session.ts';
import { simpleText } from '../../db/text.ts';
import type { IndexName } from './apply/statement-kind.ts';

export interface IndexFacts {
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  readonly valid: boolean;
  /** The backend that builds it right now. */
  readonly builtBy: number | null;
}

/** The index under this name, in its schema or where search_path finds it; undefined when there is none. */
export async function findIndex(sql: Sql, index: IndexName): Promise<IndexFacts | undefined> {
  const [found] = await sql<IndexFacts[]>`
    select namespace.nspname as schema,
           relation.relname as name,
           owner.relname as table,
           state.indisvalid and state.indisready as valid,
           (select building.pid
              from pg_catalog.pg_stat_progress_create_index building
             where building.index_relid = relation.oid
             limit 1) as "builtBy"
      from pg_catalog.pg_index state
      join pg_catalog.pg_class relation on relation.oid = state.indexrelid
      join pg_catalog.pg_class owner on owner.oid = state.indrelid
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where relation.relname = ${index.name}::text
       and (namespace.nspname = ${index.schema ?? null}::text
            or (${index.schema ?? null}::text is null and namespace.nspname = any (current_schemas(false))))
     order by array_position(current_schemas(false), namespace.nspname)
     limit 1`;
  return found;
}

/**
 * Indexes that a failed or killed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left behind: every write maintains
 * them and no query uses them. An index of a partitioned table may rightly be invalid until all partitions have theirs.
 */
export async function readInvalidIndexes(sql: Sql): Promise<IndexFacts[]> {
  return sql<IndexFacts[]>`
    select namespace.nspname as schema, relation.relname as name, owner.relname as table, false as valid, null as "builtBy"
      from pg_catalog.pg_index state
      join pg_catalog.pg_class relation on relation.oid = state.indexrelid
      join pg_catalog.pg_class owner on owner.oid = state.indrelid
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where not (state.indisvalid and state.indisready)
       and relation.relkind = 'i'
       and not exists (
             select from pg_catalog.pg_stat_progress_create_index building where building.index_relid = relation.oid)
     order by namespace.nspname, relation.relname`;
}

export function dropIndexConcurrently(session: Session, { schema, name }: IndexFacts): Promise<unknown> {
  return simpleText(session, `drop index concurrently if exists ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
}
