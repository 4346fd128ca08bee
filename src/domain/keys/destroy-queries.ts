import type { Sql } from '../../db/session.ts';

/** How long ago the key was retired, by the server's clock; null when no time was kept. */
export async function readRetiredForMs(sql: Sql, keyId: string): Promise<number | null> {
  const [row] = await sql<{ ms: number | null }[]>`
    select (extract(epoch from now() - retired_at) * 1000)::double precision as ms
      from public.encryption_keys
     where key_id = ${keyId}`;
  return row?.ms ?? null;
}

/** Forgets the wrapped key. False when it was gone already. */
export async function forgetWrappedKey(sql: Sql, kid: string): Promise<boolean> {
  const forgotten = await sql`
    update public.encryption_data_keys
       set wrapped_key = null, destroyed_at = now()
     where kid = ${kid} and wrapped_key is not null
    returning kid`;
  return forgotten.length > 0;
}
