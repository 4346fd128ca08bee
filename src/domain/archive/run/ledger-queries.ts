import type { Sql } from '../../../db/session.ts';
import type { Head } from '../manifest/chain.ts';
import type { Manifest, SignedManifest } from '../manifest/manifest.ts';

export async function readHeadRow(sql: Sql): Promise<Head | undefined> {
  const [row] = await sql<{ sequence: number; digest: string | null }[]>`
    select sequence::float8 as sequence, digest from public.archive_head`;
  return row === undefined || row.digest === null ? undefined : { sequence: row.sequence, digest: row.digest };
}

/** @returns false when the head is another one */
export async function advanceHead(sql: Sql, next: Head, from: Head | undefined): Promise<boolean> {
  const rows = await sql`
    update public.archive_head
       set sequence = ${next.sequence}, digest = ${next.digest}
     where sequence = ${from?.sequence ?? 0} and digest is not distinct from ${from?.digest ?? null}
    returning sequence`;
  return rows.length === 1;
}

export async function insertManifest(
  sql: Sql,
  { manifest, digest, signature }: SignedManifest,
  { canonical, location }: { readonly canonical: string; readonly location: string },
): Promise<void> {
  await sql`
    insert into public.archive_manifests (
      sequence, digest, previous, source_table, month, kind, range_start, range_end, manifest, signature_algorithm,
      signing_key, signature, location
    )
    values (
      ${manifest.sequence}, ${digest}, ${manifest.previous}, ${manifest.table}, ${manifest.month}, ${manifest.kind},
      ${manifest.lower}::text::timestamptz, ${manifest.upper}::text::timestamptz, ${canonical}, ${signature.algorithm},
      ${signature.key}, ${signature.value}, ${location}
    )`;
}

/** The entry whose export a manifest is about is verified with it. */
export async function verifyEntry(sql: Sql, { table, month, kind, sequence, sources }: Manifest): Promise<void> {
  await sql`
    update public.archive_journal
       set state = 'verified', manifest_sequence = ${sequence}, sources = null, problem = null, updated_at = now()
     where source_table = ${table} and month = ${month} and kind = ${kind} and state = 'exported'
       and sources = ${JSON.stringify(sources)}::text::jsonb`;
}

export interface KeptManifest {
  readonly sequence: number;
  readonly digest: string;
  /** Canonical JSON. */
  readonly manifest: string;
}

export async function readKeptManifest(sql: Sql, sequence: number): Promise<KeptManifest | undefined> {
  const [row] = await sql<KeptManifest[]>`
    select sequence::float8 as sequence, digest, manifest from public.archive_manifests where sequence = ${sequence}`;
  return row;
}

/** Whether any manifest names the files of an export. */
export async function isNamed(sql: Sql, exportId: string): Promise<boolean> {
  const rows = await sql`select from public.archive_manifests where strpos(manifest, ${exportId}) > 0 limit 1`;
  return rows.length > 0;
}

/** Whose archive it is, and which schema its tables had. */
export async function readIdentity(sql: Sql): Promise<Pick<Manifest, 'database' | 'schemaVersion'>> {
  const [row] = await sql<{ system: string; name: string }[]>`
    select system_identifier::text as system, current_database()::text as name from pg_catalog.pg_control_system()`;
  const [ledger] = await sql<{ there: boolean }[]>`select to_regclass('public.schema_migrations') is not null as there`;
  const [newest] = ledger?.there
    ? await sql<{ version: string }[]>`select version from public.schema_migrations order by version desc limit 1`
    : [];
  return {
    database: { systemIdentifier: row?.system ?? '', name: row?.name ?? '' },
    schemaVersion: newest?.version ?? 'unknown',
  };
}
