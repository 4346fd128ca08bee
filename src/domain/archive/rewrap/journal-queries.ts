import type { Sql } from '../../../db/session.ts';
import type { ArchivedSource, SupersededSource } from '../manifest/manifest.ts';

export type RewrapState = 'planned' | 'written' | 'signed' | 'removing' | 'removed';

/** New files of a superseded manifest, and what they have in common with the old ones. */
export interface Written {
  readonly sources: readonly ArchivedSource[];
  readonly superseded: readonly SupersededSource[];
}

/** How far the rows of one manifest have got into other files. */
export interface RewrapEntry {
  readonly supersedes: number;
  readonly state: RewrapState;
  readonly rewrapId: string;
  /** That the new files are written under; none when the rewrap was taken over from the store. */
  readonly kids: readonly string[];
  readonly written: Written | null;
  /** The manifest that stands for the old one. */
  readonly sequence: number | null;
  readonly problem: string | null;
}

/** How many values of each column of a table are encrypted under a key, at most. */
export interface RewrapEncryptions {
  readonly kid: string;
  readonly table: string;
  readonly mostValues: number;
}

/** True with the tables of migrations 035 and 038. */
export async function hasRewraps(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('public.archive_rewraps') is not null
           and to_regclass('public.archive_rewrap_encryptions') is not null as there`;
  return row?.there === true;
}

export function readRewraps(sql: Sql): Promise<RewrapEntry[]> {
  return sql<RewrapEntry[]>`select ${columnsOf(sql)} from public.archive_rewraps order by supersedes`;
}

export async function readRewrap(sql: Sql, supersedes: number): Promise<RewrapEntry | undefined> {
  const [row] = await sql<RewrapEntry[]>`
    select ${columnsOf(sql)} from public.archive_rewraps where supersedes = ${supersedes}`;
  return row;
}

/** Begins new files, the first ones or others, whose names nothing else shares; counts what they will use of their keys. */
export async function beginRewrap(
  sql: Sql,
  {
    supersedes,
    rewrapId,
    kids,
    encryptions,
  }: Pick<RewrapEntry, 'supersedes' | 'rewrapId' | 'kids'> & {
    readonly encryptions: readonly RewrapEncryptions[];
  },
): Promise<void> {
  await sql`
    insert into public.archive_rewrap_encryptions (kid, source_table, most_values)
    select planned.kid, planned.source_table, sum(planned.most_values)
      from unnest(
             ${encryptions.map(({ kid }) => kid)}::text[],
             ${encryptions.map(({ table }) => table)}::text[],
             ${encryptions.map(({ mostValues }) => mostValues)}::bigint[]) planned (kid, source_table, most_values)
     group by 1, 2
     order by 1, 2
    on conflict (kid, source_table) do update
       set most_values = archive_rewrap_encryptions.most_values + excluded.most_values`;
  await sql`
    insert into public.archive_rewraps (supersedes, rewrap_id, kids)
    values (${supersedes}, ${rewrapId}, ${kids as string[]}::text[])
    on conflict (supersedes) do update
       set state = 'planned', rewrap_id = excluded.rewrap_id, kids = excluded.kids, written = null, problem = null,
           updated_at = now()
     where archive_rewraps.state in ('planned', 'written')`;
}

export async function setWritten(sql: Sql, supersedes: number, written: Written): Promise<void> {
  await sql`
    update public.archive_rewraps
       set state = 'written', written = ${JSON.stringify(written)}::text::jsonb, updated_at = now()
     where supersedes = ${supersedes} and state = 'planned'`;
}

/** What was written is not what the store gives back: the next run writes it anew. */
export async function setUnwritten(sql: Sql, supersedes: number, problem: string): Promise<void> {
  await sql`
    update public.archive_rewraps
       set state = 'planned', written = null, problem = ${problem}, updated_at = now()
     where supersedes = ${supersedes} and state in ('planned', 'written')`;
}

/**
 * A manifest stands for another one, in the transaction that gives it to the database; the journal of months names the new
 * one from then on. A database that was restored from before the rewrap began learns of it here.
 */
export async function setSigned(sql: Sql, supersedes: number, sequence: number): Promise<void> {
  await sql`
    insert into public.archive_rewraps (supersedes, state, rewrap_id, kids, manifest_sequence)
    values (${supersedes}, 'signed', 'taken over', '{}', ${sequence})
    on conflict (supersedes) do update
       set state = 'signed', written = null, manifest_sequence = excluded.manifest_sequence, problem = null, updated_at = now()
     where archive_rewraps.state in ('planned', 'written')`;
  await sql`
    update public.archive_journal
       set manifest_sequence = ${sequence}, updated_at = now()
     where manifest_sequence = ${supersedes}`;
}

export async function setRemoving(sql: Sql, supersedes: number): Promise<void> {
  await sql`
    update public.archive_rewraps
       set state = 'removing', problem = null, updated_at = now()
     where supersedes = ${supersedes} and state in ('signed', 'removing')`;
}

export async function setRemoved(
  sql: Sql,
  supersedes: number,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): Promise<void> {
  await sql`
    update public.archive_rewraps
       set state = 'removed', removed_files = ${files}, removed_bytes = ${bytes}, problem = null, updated_at = now()
     where supersedes = ${supersedes} and state = 'removing'`;
}

export async function setRewrapProblem(sql: Sql, supersedes: number, problem: string): Promise<void> {
  await sql`
    update public.archive_rewraps set problem = ${problem}, updated_at = now() where supersedes = ${supersedes}`;
}

function columnsOf(sql: Sql) {
  return sql`
    supersedes::float8 as supersedes, state, rewrap_id as "rewrapId", kids, written, manifest_sequence::float8 as sequence, problem`;
}
