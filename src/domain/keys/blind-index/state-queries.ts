import type { BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import type { Sql } from '../../../db/session.ts';

/** How far one table is. */
export interface IndexProgress {
  readonly table: string;
  /** Primary key of the last row seen. */
  readonly position: readonly string[] | null;
  readonly rowsSeen: number;
  readonly rowsRenewed: number;
  readonly done: boolean;
}

export function readIndexProgress(
  sql: Sql,
  key: { readonly purpose: BlindIndexPurpose; readonly version: number },
): Promise<IndexProgress[]> {
  return sql<IndexProgress[]>`
    select table_name as "table",
           position,
           rows_seen::double precision as "rowsSeen",
           rows_renewed::double precision as "rowsRenewed",
           done_at is not null as "done"
      from public.blind_index_progress
     where purpose = ${key.purpose} and version = ${key.version}`;
}

export interface ProgressStep {
  readonly purpose: BlindIndexPurpose;
  readonly version: number;
  readonly table: string;
  readonly position: readonly string[] | null;
  readonly seen: number;
  readonly renewed: number;
  readonly done: boolean;
}

export async function addIndexProgress(sql: Sql, step: ProgressStep): Promise<void> {
  await sql`
    insert into public.blind_index_progress as progress (
      purpose, version, table_name, position, rows_seen, rows_renewed, done_at
    ) values (
      ${step.purpose}, ${step.version}, ${step.table}, ${step.position === null ? null : sql.array([...step.position])}::text[],
      ${step.seen}, ${step.renewed}, case when ${step.done} then now() end
    )
    on conflict (purpose, version, table_name) do update
       set position = coalesce(excluded.position, progress.position),
           rows_seen = progress.rows_seen + excluded.rows_seen,
           rows_renewed = progress.rows_renewed + excluded.rows_renewed,
           done_at = excluded.done_at,
           updated_at = now()`;
}

/** Takes the status from one key of a purpose. @returns false when it no longer had the status it should have */
export async function moveIndexKey(
  sql: Sql,
  key: { readonly purpose: BlindIndexPurpose; readonly version: number },
  { from, to }: { readonly from: 'ACTIVE' | 'ROTATING'; readonly to: 'ROTATING' | 'RETIRED' },
): Promise<boolean> {
  const moved = await sql`
    update public.blind_index_keys
       set status = ${to}, retired_at = case when ${to} = 'RETIRED' then now() end
     where purpose = ${key.purpose} and version = ${key.version} and status = ${from}
    returning version`;
  return moved.length > 0;
}

/** By the clock of the server. */
export async function readIndexKeyAges(
  sql: Sql,
  purpose: BlindIndexPurpose,
): Promise<{ version: number; ageMs: number; retiredForMs: number | null }[]> {
  return sql<{ version: number; ageMs: number; retiredForMs: number | null }[]>`
    select version,
           (extract(epoch from now() - created_at) * 1000)::double precision as "ageMs",
           (extract(epoch from now() - retired_at) * 1000)::double precision as "retiredForMs"
      from public.blind_index_keys
     where purpose = ${purpose}`;
}

/** Where rotating an index would be refused: columns that may not be updated, tables of another owner. */
export async function readClosedIndexes(
  sql: Sql,
  places: { readonly tables: readonly string[]; readonly columns: readonly string[] },
): Promise<{ table: string; column: string }[]> {
  return sql<{ table: string; column: string }[]>`
    select need.table_name as "table", need.column_name as "column"
      from unnest(${places.tables}::text[], ${places.columns}::text[]) need (table_name, column_name)
      join pg_catalog.pg_class relation
        on relation.relname = need.table_name and relation.relnamespace = 'public'::regnamespace
     where not has_column_privilege(relation.oid, need.column_name, 'update')
        or not has_table_privilege(relation.oid, 'select')
        or row_security_active(relation.oid)
     order by 1, 2`;
}
