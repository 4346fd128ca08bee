import type { Sql } from '../../../db/session.ts';
import type { KeyContext, KeyStore, WrappedKey } from '../../../keystore/keystore.ts';

/** A row of archive_signing_keys; only its owner may read all of it. */
export interface SigningKeyRow {
  /** Of the public key, as signingKeyId gives it. */
  readonly id: string;
  readonly version: number;
  readonly status: 'ACTIVE' | 'RETIRED';
  readonly provider: KeyStore['provider'];
  readonly providerKey: string;
  /** Base64; null once destroyed. */
  readonly wrapped: string | null;
  readonly context: KeyContext;
  /** PEM. */
  readonly publicKey: string;
  readonly commitment: string;
}

/** What everybody on duty may see of a key. Times are ISO 8601 in UTC. */
export interface ListedSigningKey extends Pick<
  SigningKeyRow,
  'id' | 'version' | 'status' | 'provider' | 'providerKey'
> {
  readonly createdAt: string;
  readonly ageMs: number;
  readonly destroyed: boolean;
}

/** All versions, oldest first. */
export function readSigningKeys(sql: Sql): Promise<SigningKeyRow[]> {
  return sql<SigningKeyRow[]>`
    select id,
           version,
           status,
           provider,
           provider_key as "providerKey",
           wrapped_key as "wrapped",
           context,
           public_key as "publicKey",
           commitment
      from public.archive_signing_keys
     order by version`;
}

/** All versions, oldest first. */
export function listSigningKeys(sql: Sql): Promise<ListedSigningKey[]> {
  return sql<ListedSigningKey[]>`
    select id,
           version,
           status,
           provider,
           provider_key as "providerKey",
           destroyed_at is not null as destroyed,
           to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
           (extract(epoch from now() - created_at) * 1000)::double precision as "ageMs"
      from public.archive_signing_keys
     order by version`;
}

/** Their public halves alone, for whoever may not see the private ones, wrapped as they are. */
export function readPublicHalves(sql: Sql): Promise<Pick<SigningKeyRow, 'id' | 'publicKey'>[]> {
  return sql<Pick<SigningKeyRow, 'id' | 'publicKey'>[]>`
    select id, public_key as "publicKey" from public.archive_signing_keys order by version`;
}

export async function insertSigningKey(
  sql: Sql,
  key: WrappedKey & Pick<SigningKeyRow, 'id' | 'version' | 'provider' | 'publicKey' | 'commitment'>,
): Promise<void> {
  await sql`
    insert into public.archive_signing_keys (
      id, version, status, provider, provider_key, wrapped_key, context, public_key, commitment
    ) values (
      ${key.id}, ${key.version}, 'ACTIVE', ${key.provider}, ${key.providerKey}, ${key.wrapped},
      ${sql.json(key.context)}::jsonb, ${key.publicKey}, ${key.commitment}
    )`;
}
