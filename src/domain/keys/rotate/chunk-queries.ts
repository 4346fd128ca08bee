import type { Session, Sql } from '../../../db/session.ts';
import { leavesOf } from './relation-queries.ts';

export interface ChunkSize {
  readonly rows: number;
  readonly pages: number;
  readonly bytes: number;
}

/** The end of a leaf is cut smaller, so that those who work on a run end together. */
const TAIL_PARTS = 4;

/**
 * Cuts every leaf of the tables into ranges of pages. How many rows and bytes a page stands for is taken from the
 * statistics; without any, the bound of pages decides. Bytes include what is stored out of line.
 */
export async function insertChunks(
  { sql }: Pick<Session, 'sql'>,
  { run, tables, size }: { readonly run: string; readonly tables: readonly string[]; readonly size: ChunkSize },
): Promise<number> {
  const { count } = await sql`
    insert into public.key_rotation_chunks
      (run_id, chunk, table_name, relation_id, relation_name, first_page, end_page)
    with relations as (
      select names.position,
             names.name as "table",
             relation.oid,
             relation.relname as name,
             relation.reltuples,
             relation.relpages,
             pg_relation_size(relation.oid) / current_setting('block_size')::bigint as pages,
             pg_relation_size(relation.oid)
               + coalesce(pg_relation_size(nullif(relation.reltoastrelid, 0)), 0) as bytes
        from unnest(${tables}::text[]) with ordinality names (name, position)
       cross join lateral (${leavesOf(sql, sql`names.name`)}) leaf
        join pg_catalog.pg_class relation on relation.oid = leaf.relid
    ),
    sized as (
      select *,
             greatest(1, least(
               ${size.pages}::bigint,
               case when reltuples > 0 and relpages > 0
                    then ceil(${size.rows}::double precision * relpages / reltuples)::bigint end,
               ${size.bytes}::bigint * pages / nullif(bytes, 0)
             )) as each
        from relations
    ),
    leaves as (
      select *, greatest(0, pages / each - 1) * each as tail, greatest(1, each / ${TAIL_PARTS}::bigint) as tail_each
        from sized
    )
    select ${run}::uuid,
           (select coalesce(max(chunk), 0) from public.key_rotation_chunks where run_id = ${run})
             + row_number() over (order by leaf.position, leaf.name, cut.first_page),
           leaf."table",
           leaf.oid,
           leaf.name,
           cut.first_page,
           cut.end_page
      from leaves leaf
     cross join lateral (
       select page, page + leaf.each
         from generate_series(0, leaf.tail - 1, leaf.each) page
        union all
       select page, least(page + leaf.tail_each, leaf.pages)
         from generate_series(leaf.tail, leaf.pages - 1, leaf.tail_each) page
     ) cut (first_page, end_page)`;
  return count;
}

export interface ChunkRow {
  readonly chunk: number;
  readonly table: string;
  readonly relationId: number;
  readonly relation: string;
  readonly firstPage: number;
  readonly endPage: number;
}

/** The open chunks of these tables, in working order. */
export function readOpenChunks(
  { sql }: Session,
  request: {
    readonly run: string;
    readonly tables: readonly string[];
    readonly except: readonly number[];
    readonly limit: number;
  },
): Promise<ChunkRow[]> {
  return sql<ChunkRow[]>`
    select ${chunkColumns(sql)}
      from public.key_rotation_chunks
     where run_id = ${request.run}
       and done_at is null
       and table_name = any (${request.tables}::text[])
       and chunk <> all (${request.except}::integer[])
     order by chunk
     limit ${request.limit}`;
}

export async function isOpen({ sql }: Session, run: string, chunk: number): Promise<boolean> {
  const rows = await sql`
    select from public.key_rotation_chunks where run_id = ${run} and chunk = ${chunk} and done_at is null`;
  return rows.length > 0;
}

export interface ChunkCounts {
  readonly rows: number;
  readonly values: number;
}

/**
 * Marks a chunk as done. Whatever synchronous_commit the server has by default, this commit is on disk when it returns,
 * and with it every stripe of the chunk that was committed before.
 */
export async function finishChunk(
  { sql }: Session,
  { run, chunk, counts }: { readonly run: string; readonly chunk: number; readonly counts: ChunkCounts },
): Promise<void> {
  await sql`
    update public.key_rotation_chunks
       set done_at = clock_timestamp(),
           rows_renewed = rows_renewed + ${counts.rows},
           values_renewed = values_renewed + ${counts.values},
           leased_until = null,
           leased_by = null
     where run_id = ${run}
       and chunk = ${chunk}
       and done_at is null
       and set_config(
             'synchronous_commit',
             replace(current_setting('synchronous_commit'), 'off', 'on'),
             true
           ) is not null`;
}

/** Gives a chunk back unfinished, with what was done of it. */
export async function returnChunk(
  { sql }: Session,
  { run, chunk, counts }: { readonly run: string; readonly chunk: number; readonly counts: ChunkCounts },
): Promise<void> {
  await sql`
    update public.key_rotation_chunks
       set rows_renewed = rows_renewed + ${counts.rows},
           values_renewed = values_renewed + ${counts.values},
           leased_until = null,
           leased_by = null
     where run_id = ${run} and chunk = ${chunk} and done_at is null`;
}

/** Claims the first chunk that nobody holds, until then by the server's clock. */
export async function leaseChunk(
  { sql }: Session,
  request: {
    readonly run: string;
    readonly tables: readonly string[];
    readonly holder: string;
    readonly leaseMs: number;
  },
): Promise<ChunkRow | undefined> {
  const [row] = await sql<ChunkRow[]>`
    update public.key_rotation_chunks
       set leased_until = clock_timestamp() + ${request.leaseMs} * interval '1 millisecond',
           leased_by = ${request.holder}
     where run_id = ${request.run}
       and chunk = (
         select chunk
           from public.key_rotation_chunks
          where run_id = ${request.run}
            and done_at is null
            and table_name = any (${request.tables}::text[])
            and (leased_until is null or leased_until < clock_timestamp())
          order by chunk
          limit 1
            for update skip locked
       )
    returning ${chunkColumns(sql)}`;
  return row;
}

/** Keeps the leases of a holder for as long again. */
export async function renewLeases(
  { sql }: Session,
  { run, holder, leaseMs }: { readonly run: string; readonly holder: string; readonly leaseMs: number },
): Promise<void> {
  await sql`
    update public.key_rotation_chunks
       set leased_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
     where run_id = ${run} and leased_by = ${holder} and done_at is null`;
}

export interface ChunkTotals {
  readonly table: string;
  readonly pages: number;
  readonly donePages: number;
  /** By the statistics; null where there are none. */
  readonly rowsPerPage: number | null;
  readonly relations: readonly number[];
}

/** How far a run is, table by table. */
export function readChunkTotals(
  { sql }: Session,
  { run, tables }: { readonly run: string; readonly tables: readonly string[] },
): Promise<ChunkTotals[]> {
  return sql<ChunkTotals[]>`
    select leaf."table",
           sum(leaf.pages)::double precision as pages,
           sum(leaf.done_pages)::double precision as "donePages",
           (sum(relation.reltuples) filter (where relation.reltuples > 0 and relation.relpages > 0)
             / sum(relation.relpages) filter (where relation.reltuples > 0 and relation.relpages > 0)
           )::double precision as "rowsPerPage",
           array_agg(leaf.relation_id) as relations
      from (
        select table_name as "table",
               relation_id,
               sum(end_page - first_page) as pages,
               coalesce(sum(end_page - first_page) filter (where done_at is not null), 0) as done_pages,
               min(chunk) as first_chunk
          from public.key_rotation_chunks
         where run_id = ${run} and table_name = any (${tables}::text[])
         group by table_name, relation_id
      ) leaf
      left join pg_catalog.pg_class relation on relation.oid = leaf.relation_id
     group by leaf."table"
     order by min(leaf.first_chunk)`;
}

function chunkColumns(sql: Sql) {
  return sql`
    chunk,
    table_name as "table",
    relation_id as "relationId",
    relation_name as relation,
    first_page::double precision as "firstPage",
    end_page::double precision as "endPage"`;
}
