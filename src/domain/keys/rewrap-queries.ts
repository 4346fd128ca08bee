import type { Sql } from '../../db/session.ts';
import type { WrappedKey } from '../../keystore/keystore.ts';

/** One row of encryption_data_keys, blind_index_keys or archive_signing_keys, as rewrapping sees it. */
export interface StoredKey extends WrappedKey {
  /** `pii-v1`, `email-v1` of a blind index, `archive-signing-v1`. */
  readonly name: string;
  readonly table: 'encryption_data_keys' | 'blind_index_keys' | 'archive_signing_keys';
  readonly provider: string;
  readonly commitment: string;
}

/** Every key that is not destroyed, retired ones too: they must stay readable. */
export function readStoredKeys(sql: Sql): Promise<StoredKey[]> {
  return sql<StoredKey[]>`
    select keys.key_id as name,
           'encryption_data_keys' as "table",
           data.provider,
           data.provider_key as "providerKey",
           data.wrapped_key as "wrapped",
           data.context,
           data.commitment
      from public.encryption_data_keys data
      join public.encryption_keys keys on keys.id = data.encryption_key_id
     where data.wrapped_key is not null
    union all
    select purpose || '-v' || version, 'blind_index_keys', provider, provider_key, wrapped_key, context, commitment
      from public.blind_index_keys
     where wrapped_key is not null
    union all
    select 'archive-signing-v' || version, 'archive_signing_keys', provider, provider_key, wrapped_key, context, commitment
      from public.archive_signing_keys
     where wrapped_key is not null
     order by "table" desc, name`;
}

/** Only when the key is still wrapped as it was read. @returns whether it was */
export async function replaceWrapped(sql: Sql, old: StoredKey, next: WrappedKey): Promise<boolean> {
  const replaced = await sql`
    update ${sql(`public.${old.table}`)}
       set provider_key = ${next.providerKey}, wrapped_key = ${next.wrapped}, rewrapped_at = now()
     where commitment = ${old.commitment} and wrapped_key = ${old.wrapped}
    returning commitment`;
  return replaced.length === 1;
}
