import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import type { Sql } from '../../db/session.ts';
import type { KeyContext, KeyStore } from '../../keystore/keystore.ts';
import type { KeyType } from './registry.ts';

export type KeyStatus = 'ACTIVE' | 'ROTATING' | 'RETIRED';

/** How a key is wrapped. */
interface Wrapping {
  readonly provider: KeyStore['provider'];
  readonly providerKey: string;
  /** Base64; null once destroyed. */
  readonly wrapped: string | null;
  readonly context: KeyContext;
  readonly commitment: string;
}

/** A row of encryption_data_keys. */
export interface DataKeyMaterial extends Wrapping {
  readonly kid: string;
}

/** A row of encryption_keys with its data key. Times are ISO 8601 in UTC. */
export interface DataKeyRow {
  readonly id: string;
  readonly keyType: KeyType;
  readonly keyId: string;
  readonly version: number;
  readonly status: KeyStatus;
  readonly createdAt: string;
  /** By the clock of the server. */
  readonly ageMs: number;
  readonly retiredAt: string | null;
  /** Null for a row that something else wrote: nothing was ever encrypted with it by this program. */
  readonly material: DataKeyMaterial | null;
}

export interface BlindIndexKeyRow extends Wrapping {
  readonly purpose: BlindIndexPurpose;
  readonly version: number;
  readonly status: KeyStatus;
  readonly createdAt: string;
  readonly ageMs: number;
  readonly retiredAt: string | null;
}

/** All versions of all types, oldest first. */
export async function readDataKeys(sql: Sql): Promise<DataKeyRow[]> {
  const rows = await sql<
    (Omit<DataKeyRow, 'material'> & { [Name in keyof DataKeyMaterial]: DataKeyMaterial[Name] | null })[]
  >`
    select keys.id,
           keys.key_type as "keyType",
           keys.key_id as "keyId",
           keys.version,
           keys.status,
           to_char(keys.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
           (extract(epoch from now() - keys.created_at) * 1000)::double precision as "ageMs",
           to_char(keys.retired_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "retiredAt",
           data.kid,
           data.provider,
           data.provider_key as "providerKey",
           data.wrapped_key as "wrapped",
           data.context,
           data.commitment
      from public.encryption_keys keys
      left join public.encryption_data_keys data on data.encryption_key_id = keys.id
     order by array_position(array['pii', 'payment', 'business'], keys.key_type::text), keys.version`;
  return rows.map(({ kid, provider, providerKey, wrapped, context, commitment, ...row }) => ({
    ...row,
    material:
      kid === null || provider === null || providerKey === null || context === null || commitment === null
        ? null
        : { kid, provider, providerKey, wrapped, context, commitment },
  }));
}

/** All versions of all purposes, oldest first. */
export function readBlindIndexKeys(sql: Sql): Promise<BlindIndexKeyRow[]> {
  return sql<BlindIndexKeyRow[]>`
    select purpose,
           version,
           status,
           provider,
           provider_key as "providerKey",
           wrapped_key as "wrapped",
           context,
           commitment,
           to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
           (extract(epoch from now() - created_at) * 1000)::double precision as "ageMs",
           to_char(retired_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "retiredAt"
      from public.blind_index_keys
     order by array_position(array['email', 'ip', 'external_id', 'rate_limit'], purpose::text), version`;
}

/** Whether the tables of this part of the schema are there, and may be read. */
export async function readKeyTables(sql: Sql): Promise<{ readonly name: string; readonly readable: boolean }[]> {
  return sql<{ name: string; readable: boolean }[]>`
    select relname as name, has_table_privilege(oid, 'select') as readable
      from pg_catalog.pg_class
     where relnamespace = 'public'::regnamespace
       and relname in ('encryption_keys', 'encryption_data_keys', 'blind_index_keys')`;
}
