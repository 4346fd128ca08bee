import type { Sql } from '../../../db/session.ts';

/** One source of a manifest, as far as the keys of its values are concerned. */
export interface SourceKeys {
  readonly sequence: number;
  /** Of the manifest. */
  readonly table: string;
  readonly month: string;
  /** What its rows are: of a rewrap, those of what it stands for. */
  readonly role: 'month' | 'supplement';
  readonly source: string;
  readonly rows: number;
  readonly bytes: number;
  /** Values by kid. */
  readonly keyIds: Readonly<Record<string, number>>;
}

/** The sources of all manifests of these tables and months that have values under any key, in order. */
export function readSourceKeys(sql: Sql, tables: readonly string[], months: readonly string[]): Promise<SourceKeys[]> {
  return sql<SourceKeys[]>`
    select archived.sequence::float8 as sequence,
           archived.source_table as "table",
           archived.month,
           coalesce(archived.manifest::jsonb #>> '{supersedes,kind}', archived.kind) as role,
           source.value ->> 'table' as source,
           (source.value ->> 'rows')::float8 as rows,
           coalesce(files.bytes, 0)::float8 as bytes,
           source.value -> 'keyIds' as "keyIds"
      from public.archive_manifests archived
     cross join lateral jsonb_array_elements(archived.manifest::jsonb -> 'sources') with ordinality source (value, place)
     cross join lateral (
        select sum((file ->> 'bytes')::bigint) as bytes from jsonb_array_elements(source.value -> 'files') file
     ) files
     where source.value -> 'keyIds' <> '{}'
       and (${tables.length} = 0 or archived.source_table = any (${tables as string[]}::text[]))
       and (${months.length} = 0 or archived.month = any (${months as string[]}::text[]))
     order by archived.sequence, source.place`;
}

export interface OldFile {
  readonly key: string;
  readonly bytes: number;
}

/** Files that only manifests name for which another one stands: of one manifest. */
export function readOldFiles(sql: Sql, sequence: number): Promise<OldFile[]> {
  return sql<OldFile[]>`
    select distinct file.value ->> 'key' as key, (file.value ->> 'bytes')::float8 as bytes
      from public.archive_manifests archived
     cross join lateral jsonb_array_elements(archived.manifest::jsonb -> 'sources') source
     cross join lateral jsonb_array_elements(source.value -> 'files') file
     where archived.sequence = ${sequence}
       and exists (
             select from public.archive_rewraps rewrap
              where rewrap.supersedes = archived.sequence and rewrap.manifest_sequence is not null)
       and not exists (
             select
               from public.archive_manifests other
              where strpos(other.manifest, '"' || (file.value ->> 'key') || '"') > 0
                and not exists (
                      select from public.archive_rewraps rewrap
                       where rewrap.supersedes = other.sequence and rewrap.manifest_sequence is not null))
     order by 1`;
}

/** Whether these keys are there and wrapped: in a transaction of changeKeys nobody can destroy them meanwhile. */
export async function readMissingKids(sql: Sql, kids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ kid: string }[]>`
    select wanted.kid
      from unnest(${kids as string[]}::text[]) wanted (kid)
     where not exists (
             select from public.encryption_data_keys known
              where known.kid = wanted.kid and known.wrapped_key is not null)
     order by 1`;
  return rows.map(({ kid }) => kid);
}
