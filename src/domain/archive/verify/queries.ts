import type { Sql } from '../../../db/session.ts';
import type { Head } from '../manifest/chain.ts';

export async function hasArchive(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('public.archive_manifests') is not null
       and to_regclass('public.archive_signing_keys') is not null as there`;
  return row?.there === true;
}

/** Number and digest of every manifest that the database keeps; the last one is its head. */
export function readKnownManifests(sql: Sql): Promise<Head[]> {
  return sql<Head[]>`
    select sequence::double precision as sequence, digest
      from public.archive_manifests
     order by archive_manifests.sequence`;
}
