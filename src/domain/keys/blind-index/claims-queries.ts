import type { Session, Sql } from '../../../db/session.ts';
import { simpleText } from '../../../db/text.ts';

/** Left out by `migrate verify` by this name: it is there while a rotation lasts. */
const CLAIMS_INDEX = 'uk_users_email_hash_rotating';

export type ClaimsIndex = 'none' | 'invalid' | 'valid';

/** Whether the index is there that keeps addresses unique under the older key. */
export async function readClaimsIndex(sql: Sql): Promise<ClaimsIndex> {
  const [row] = await sql<{ valid: boolean }[]>`
    select index.indisvalid as valid
      from pg_catalog.pg_index index
      join pg_catalog.pg_class relation on relation.oid = index.indexrelid
     where relation.relnamespace = 'public'::regnamespace and relation.relname = ${CLAIMS_INDEX}`;
  if (row === undefined) return 'none';
  return row.valid ? 'valid' : 'invalid';
}

/** Without stopping writers; outside a transaction, and left invalid when it is interrupted. */
export async function createClaimsIndex(session: Session): Promise<void> {
  await simpleText(
    session,
    `create unique index concurrently ${CLAIMS_INDEX} on public.users (coalesce(email_hash_prev, email_hash))`,
  );
}

export async function dropClaimsIndex(session: Session): Promise<void> {
  await simpleText(session, `drop index concurrently if exists public.${CLAIMS_INDEX}`);
}

export async function readClaimed(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ claimed: boolean }[]>`
    select exists (select from public.users where email_hash_prev is not null) as claimed`;
  return row?.claimed === true;
}

/** Erases the older hash of the next rows by id. @returns the last id, undefined when none was left after `after` */
export async function clearClaims(
  sql: Sql,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<{ readonly last: string | undefined; readonly cleared: number }> {
  const rows = await sql<{ id: string }[]>`
    update public.users
       set email_hash_prev = null
     where id in (
             select id
               from public.users
              where id > ${after}::uuid and email_hash_prev is not null
              order by id
              limit ${limit}
                for update skip locked)
    returning id`;
  return {
    last: rows
      .map(({ id }) => id)
      .toSorted()
      .at(-1),
    cleared: rows.length,
  };
}
