import type { Sql } from '../../../db/session.ts';
import type { JournalState } from '../run/journal-queries.ts';

/** One archive as the journal and its newest manifest have it. */
export interface ListedArchive {
  readonly id: string;
  readonly table: string;
  readonly month: string;
  readonly kind: 'month' | 'supplement';
  readonly number: number;
  readonly state: JournalState;
  readonly location: string;
  readonly problem: string | null;
  readonly restoredTo: string | null;
  /** Of the newest manifest; null before there is one. */
  readonly sequence: number | null;
  readonly digest: string | null;
  /** Of the table itself. */
  readonly root: string | null;
  readonly rows: number | null;
  /** Rows of other tables that left with it. */
  readonly dependantRows: number | null;
  readonly bytes: number | null;
  /** Names of the keys that its values are encrypted with; the kid of a key that this database does not know. */
  readonly keys: readonly string[];
  readonly updatedAt: string;
}

/** @param tables none: all */
export function readArchives(sql: Sql, tables: readonly string[]): Promise<ListedArchive[]> {
  return sql<ListedArchive[]>`
    select journal.id::text as id,
           journal.source_table as "table",
           journal.month,
           journal.kind,
           journal.number,
           journal.state,
           journal.location,
           journal.problem,
           -- Supplements keep the note that they went back with their month, which may have left again since.
           case when journal.kind = 'month' or own.state = 'restored' then journal.restored_to end as "restoredTo",
           manifest.sequence::float8 as sequence,
           manifest.digest,
           sources.root,
           sources.rows::float8 as rows,
           sources.dependant_rows::float8 as "dependantRows",
           sources.bytes::float8 as bytes,
           coalesce(keys.names, '{}') as keys,
           journal.updated_at as "updatedAt"
      from public.archive_journal journal
      left join public.archive_journal own
        on own.source_table = journal.source_table and own.month = journal.month and own.kind = 'month'
      left join public.archive_manifests manifest on manifest.sequence = journal.manifest_sequence
      left join lateral (
        select max(source ->> 'root') filter (where position = 1) as root,
               sum((source ->> 'rows')::bigint) filter (where position = 1) as rows,
               coalesce(sum((source ->> 'rows')::bigint) filter (where position > 1), 0) as dependant_rows,
               coalesce(sum((select sum((file ->> 'bytes')::bigint) from jsonb_array_elements(source -> 'files') file)), 0)
                 as bytes
          from jsonb_array_elements(manifest.manifest::jsonb -> 'sources') with ordinality each (source, position)
      ) sources on manifest.sequence is not null
      left join lateral (
        select array_agg(distinct coalesce(known.key_id, used.kid)) as names
          from jsonb_array_elements(manifest.manifest::jsonb -> 'sources') source
         cross join lateral jsonb_object_keys(source -> 'keyIds') used (kid)
          left join public.encryption_data_keys material on material.kid = used.kid
          left join public.encryption_keys known on known.id = material.encryption_key_id
      ) keys on manifest.sequence is not null
     where ${tables.length} = 0 or journal.source_table = any (${tables as string[]}::text[])
     order by journal.source_table, journal.month, journal.number`;
}

export interface KeptHead {
  readonly sequence: number;
  readonly digest: string;
  readonly location: string;
  readonly signingKey: string;
  readonly table: string;
  readonly month: string;
  readonly createdAt: string;
}

/** The newest manifest; undefined before the first. */
export async function readKeptHead(sql: Sql): Promise<KeptHead | undefined> {
  const [row] = await sql<KeptHead[]>`
    select head.sequence::float8 as sequence,
           head.digest,
           manifest.location,
           manifest.signing_key as "signingKey",
           manifest.source_table as "table",
           manifest.month,
           manifest.created_at as "createdAt"
      from public.archive_head head
      join public.archive_manifests manifest on manifest.sequence = head.sequence and manifest.digest = head.digest`;
  return row;
}
