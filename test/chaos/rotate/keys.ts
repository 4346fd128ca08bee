import type postgres from 'postgres';
import { openBlob } from '../../support/kms/keys.ts';
import type { FakeKms } from '../../support/kms/server.ts';

export interface StoredKey {
  readonly keyId: string;
  readonly keyType: string;
  readonly status: string;
  /** Undefined when the key has no material: nothing can ever be decrypted with it. */
  readonly material: { readonly kid: string; readonly dataKey: Buffer } | undefined;
}

interface KeyRow {
  readonly key_id: string;
  readonly key_type: string;
  readonly status: string;
  readonly kid: string | null;
  readonly wrapped_key: string | null;
  readonly provider_key: string;
  readonly context: Record<string, string>;
}

/** The keys of a database, unwrapped with the test KMS's own key material: no call, so that faults of KMS do not reach it. */
export async function readKeys(sql: postgres.ISql, kms: FakeKms): Promise<StoredKey[]> {
  const rows = await sql<KeyRow[]>`
    select k.key_id, k.key_type, k.status, d.kid, d.wrapped_key, d.provider_key, d.context
    from encryption_keys k
    left join encryption_data_keys d on d.encryption_key_id = k.id
    order by k.key_type, k.version`;
  return rows.map((row) => ({
    keyId: row.key_id,
    keyType: row.key_type,
    status: row.status,
    material:
      row.kid === null || row.wrapped_key === null
        ? undefined
        : { kid: row.kid, dataKey: unwrap(kms, row.provider_key, row.context, row.wrapped_key) },
  }));
}

export async function readEmailIndexKey(sql: postgres.ISql, kms: FakeKms): Promise<Buffer> {
  const [row] = await sql<Pick<KeyRow, 'wrapped_key' | 'provider_key' | 'context'>[]>`
    select wrapped_key, provider_key, context from blind_index_keys where purpose = 'email' and status = 'ACTIVE'`;
  if (row?.wrapped_key == null) throw new Error('there is no key for the blind index of e-mail addresses');
  return unwrap(kms, row.provider_key, row.context, row.wrapped_key);
}

const unwrapped = new Map<string, Buffer>();

function unwrap(kms: FakeKms, providerKey: string, context: Record<string, string>, wrapped: string): Buffer {
  const known = unwrapped.get(wrapped);
  if (known !== undefined) return known;
  const key = openBlob(kms.keys.find(providerKey), context, Buffer.from(wrapped, 'base64'));
  unwrapped.set(wrapped, key);
  return key;
}
