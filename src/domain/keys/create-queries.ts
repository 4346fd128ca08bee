import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import type { Sql } from '../../db/session.ts';
import type { WrappedKey } from '../../keystore/keystore.ts';
import type { KeyType } from '../encryption/registry.ts';

interface NewWrapping extends WrappedKey {
  readonly provider: string;
  readonly commitment: string;
}

export interface NewDataKeyRow extends NewWrapping {
  readonly keyType: KeyType;
  readonly version: number;
  readonly keyId: string;
  readonly kid: string;
}

export interface NewBlindIndexRow extends NewWrapping {
  readonly purpose: BlindIndexPurpose;
  readonly version: number;
}

/** The key as ACTIVE, and what unwraps it. */
export async function insertDataKey(sql: Sql, key: NewDataKeyRow): Promise<void> {
  await sql`
    with created as (
      insert into public.encryption_keys (key_type, key_id, algorithm, status, version)
      values (${key.keyType}, ${key.keyId}, 'AES-256-GCM', 'ACTIVE', ${key.version})
      returning id
    )
    insert into public.encryption_data_keys (
      kid, encryption_key_id, provider, provider_key, wrapped_key, context, commitment
    )
    select ${key.kid}, created.id, ${key.provider}, ${key.providerKey}, ${key.wrapped}, ${sql.json(key.context)}::jsonb,
           ${key.commitment}
      from created`;
}

export async function insertBlindIndexKey(sql: Sql, key: NewBlindIndexRow): Promise<void> {
  await sql`
    insert into public.blind_index_keys (
      purpose, version, status, provider, provider_key, wrapped_key, context, commitment
    ) values (
      ${key.purpose}, ${key.version}, 'ACTIVE', ${key.provider}, ${key.providerKey}, ${key.wrapped},
      ${sql.json(key.context)}::jsonb, ${key.commitment}
    )`;
}
