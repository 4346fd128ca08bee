import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Sql } from '../../../db/session.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';

export type JournalState = 'planned' | 'exported' | 'verified' | 'detached' | 'dropped' | 'restored';

/** How far the archive of one month, or of its late rows, has got. */
export interface JournalEntry {
  readonly id: string;
  readonly table: string;
  readonly month: string;
  readonly kind: 'month' | 'supplement';
  /** Of a supplement, from 1; 0 for the month. */
  readonly number: number;
  readonly state: JournalState;
  readonly location: string;
  /** The table that holds the month alone; null where rows leave one by one. */
  readonly partition: string | null;
  readonly partitionOid: string | null;
  readonly exportId: string | null;
  readonly sources: readonly ArchivedSource[] | null;
  readonly sequence: number | null;
  /** Rows have begun to leave: what the manifest says of them is final. */
  readonly leaving: boolean;
  /** Its rows were brought back. */
  readonly restored: boolean;
  readonly problem: string | null;
}

/** True with the tables of migration 033. */
export async function hasJournal(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('public.archive_journal') is not null
       and to_regclass('public.archive_manifests') is not null as there`;
  return row?.there === true;
}

/** Every entry of some tables, oldest month first, the month before its supplements. */
export function readJournal(sql: Sql, tables: readonly string[]): Promise<JournalEntry[]> {
  return sql<JournalEntry[]>`
    select ${columnsOf(sql)}
      from public.archive_journal
     where source_table = any (${tables as string[]}::text[])
     order by source_table, month, number`;
}

export async function readEntry(sql: Sql, id: string): Promise<JournalEntry> {
  const [entry] = await sql<JournalEntry[]>`
    select ${columnsOf(sql)} from public.archive_journal where id = ${id}::bigint`;
  if (entry === undefined) throw new TypeError('a journal entry does not go away');
  return entry;
}

export interface NewEntry extends Pick<JournalEntry, 'table' | 'month' | 'kind' | 'number' | 'location'> {
  /** ISO instants. */
  readonly from: string;
  readonly to: string;
  readonly partition: (QualifiedName & { readonly oid: string }) | undefined;
}

/** Takes charge of a month. */
export async function insertEntry(sql: Sql, entry: NewEntry): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.archive_journal (
      source_table, month, range_start, range_end, kind, number, location, partition_name, partition_oid
    )
    values (
      ${entry.table}, ${entry.month}, ${entry.from}::text::timestamptz, ${entry.to}::text::timestamptz, ${entry.kind},
      ${entry.number}, ${entry.location}, ${entry.partition?.name ?? null}, ${entry.partition?.oid ?? null}::text::oid
    )
    returning id::text`;
  if (row === undefined) throw new TypeError('an insert returns its row');
  return row.id;
}

/** Begins an export, the first one or another one, whose files no other export shares. */
export async function beginExport(
  sql: Sql,
  id: string,
  { exportId, location }: { exportId: string; location: string },
) {
  await sql`
    update public.archive_journal
       set state = 'planned', export_id = ${exportId}, location = ${location}, sources = null, updated_at = now()
     where id = ${id}::bigint`;
}

export async function setExported(sql: Sql, id: string, sources: readonly ArchivedSource[]): Promise<void> {
  await sql`
    update public.archive_journal
       set state = 'exported', sources = ${JSON.stringify(sources)}::text::jsonb, updated_at = now()
     where id = ${id}::bigint and state = 'planned'`;
}

/** Names the manifest of an export; of an archive that has left already, one that says the same again. */
export async function setVerified(sql: Sql, id: string, sequence: number): Promise<void> {
  await sql`
    update public.archive_journal
       set state = case state when 'exported' then 'verified' else state end,
           manifest_sequence = ${sequence}, sources = null, problem = null, updated_at = now()
     where id = ${id}::bigint and state in ('exported', 'verified', 'dropped')`;
}

/** The archive of the month does not say any more what the month holds: the next run exports it again. */
export async function setBack(sql: Sql, id: string, problem: string): Promise<void> {
  await sql`
    update public.archive_journal
       set state = 'planned', sources = null, problem = ${problem}, updated_at = now()
     where id = ${id}::bigint`;
}

export async function setProblem(sql: Sql, id: string, problem: string | null): Promise<void> {
  await sql`update public.archive_journal set problem = ${problem}, updated_at = now() where id = ${id}::bigint`;
}

/** From now on rows of the month may be gone, so that its manifest is final. */
export async function setLeaving(sql: Sql, id: string): Promise<void> {
  await sql`
    update public.archive_journal
       set leaving = true, updated_at = now()
     where id = ${id}::bigint and state in ('verified', 'detached')`;
}

export async function setDetached(sql: Sql, id: string, partition: string): Promise<void> {
  await sql`
    update public.archive_journal
       set state = 'detached', partition_name = ${partition}, updated_at = now()
     where id = ${id}::bigint and state = 'verified'`;
}

/** In the transaction that drops the rows. @returns false when another state was there: then nothing may be dropped */
export async function setDropped(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`
    update public.archive_journal
       set state = 'dropped', problem = null, updated_at = now()
     where id = ${id}::bigint and state in ('verified', 'detached')
    returning id`;
  return rows.length === 1;
}

/** An entry that said that rows were restored begins anew. */
export async function renewEntry(sql: Sql, id: string, partition: NewEntry['partition']): Promise<void> {
  await sql`
    update public.archive_journal
       set state = 'planned', partition_name = ${partition?.name ?? null},
           partition_oid = ${partition?.oid ?? null}::text::oid, leaving = false, sources = null,
           restored_to = null, restored_at = null, updated_at = now()
     where id = ${id}::bigint`;
}

function columnsOf(sql: Sql) {
  return sql`
    id::text, source_table as "table", month, kind, number, state, location, partition_name as partition,
    partition_oid::text as "partitionOid", export_id as "exportId", sources,
    manifest_sequence::float8 as sequence, leaving, restored_at is not null as restored, problem`;
}
