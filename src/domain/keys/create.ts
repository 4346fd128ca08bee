import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import { BLIND_INDEX_PURPOSES } from '../../crypto/blind-index.ts';
import { openCipherKey } from '../../crypto/cipher-key.ts';
import type { Session, Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KeyContext, KeyStore, NewDataKey } from '../../keystore/keystore.ts';
import { blindIndexContext, dataKeyContext } from '../../keystore/keystore.ts';
import { commitmentOf, loadDatabaseKeys } from '../encryption/database-keys.ts';
import type { KeyType } from '../encryption/registry.ts';
import { KEY_TYPES } from '../encryption/registry.ts';
import { recordKeyAction } from './audit.ts';
import { requireKeyRights } from './rights.ts';
import type { NewBlindIndexRow, NewDataKeyRow } from './create-queries.ts';
import { insertBlindIndexKey, insertDataKey } from './create-queries.ts';
import { changeKeys } from './transaction.ts';

/** What `key create` can be asked for: a type of data keys, the keys of the blind indexes, or everything. */
export const CREATABLE = ['all', ...KEY_TYPES, 'blind-index'] as const;
export type Creatable = (typeof CREATABLE)[number];

export type PlannedKey =
  | { readonly kind: 'data-key'; readonly keyType: KeyType; readonly version: number; readonly keyId: string }
  | { readonly kind: 'blind-index'; readonly purpose: BlindIndexPurpose; readonly version: number };

export interface CreatePlan {
  readonly missing: readonly PlannedKey[];
  /** Of those asked for, the ones that are ACTIVE already. */
  readonly present: readonly PlannedKey[];
}

/** Whether a key was made now or was there, and what wraps a new one. */
export interface CreatedKey {
  readonly key: PlannedKey;
  readonly created: boolean;
  readonly kid: string | undefined;
  readonly providerKey: string | undefined;
}

/** Which of the keys asked for are missing. Reads only. */
export async function planKeys(sql: Sql, wanted: Creatable): Promise<CreatePlan> {
  const { dataKeys, blindIndexKeys } = await loadDatabaseKeys(sql, neverOpened);
  const types = KEY_TYPES.filter((type) => wanted === 'all' || wanted === type);
  const purposes = BLIND_INDEX_PURPOSES.filter(() => wanted === 'all' || wanted === 'blind-index');
  const keys = [
    ...types.map((keyType) => {
      const versions = dataKeys.filter((row) => row.keyType === keyType);
      const active = versions.find(({ status }) => status === 'ACTIVE');
      const version = active?.version ?? nextVersion(versions);
      const keyId = active?.keyId ?? keyIdOf(keyType, version);
      return { key: { kind: 'data-key' as const, keyType, version, keyId }, present: active !== undefined };
    }),
    ...purposes.map((purpose) => {
      const versions = blindIndexKeys.filter((row) => row.purpose === purpose);
      const active = versions.find(({ status }) => status === 'ACTIVE');
      const version = active?.version ?? nextVersion(versions);
      return { key: { kind: 'blind-index' as const, purpose, version }, present: active !== undefined };
    }),
  ];
  return {
    missing: keys.filter(({ present }) => !present).map(({ key }) => key),
    present: keys.filter(({ present }) => present).map(({ key }) => key),
  };
}

/** Throws what making these keys would throw, and makes nothing. Opens no store when nothing is missing. */
export async function probeKeys(
  session: Session,
  openStore: () => Promise<KeyStore>,
  { missing }: CreatePlan,
): Promise<void> {
  if (missing.length === 0) return;
  await requireKeyRights(session, 'create');
  await (await openStore()).probe({ create: missing.map(contextOf), unwrap: [], rewrap: [] });
}

/**
 * Makes the missing keys: each is made and wrapped by the store, unwrapped again and compared, and only then are all of
 * them written, in one transaction with their audit rows. A key that another process made meanwhile is left as it is.
 */
export async function createKeys(
  session: Session,
  openStore: () => Promise<KeyStore>,
  plan: CreatePlan,
): Promise<CreatedKey[]> {
  const unchanged = plan.present.map((key) => ({ key, created: false, kid: undefined, providerKey: undefined }));
  if (plan.missing.length === 0) return unchanged;
  const store = await openStore();
  const made: ProvenKey[] = [];
  for (const key of plan.missing) made.push(await makeKey(store, key));
  const created = await changeKeys(session, async () => {
    const stillMissing = new Set((await planKeys(session.sql, 'all')).missing.map(nameOf));
    const results: CreatedKey[] = [];
    for (const proven of made) {
      const { key, kid, wrapped } = proven;
      const created = stillMissing.has(nameOf(key));
      if (created) await insertKey(session.sql, store, proven);
      results.push({ key, created, kid, providerKey: created ? wrapped.providerKey : undefined });
    }
    return results;
  });
  return [...created, ...unchanged];
}

/** `pii-v2`, `blind index email v1`: what people call it. */
export function nameOf(key: PlannedKey): string {
  return key.kind === 'data-key' ? key.keyId : `blind index ${key.purpose} v${key.version}`;
}

/** Short, because it stands beside every value; unique, because type and version are. */
export function keyIdOf(keyType: KeyType, version: number): string {
  return `${keyType}-v${version}`;
}

/** A new key that its store has wrapped and opened again. Nothing depends on it before it is inserted. */
export interface ProvenKey {
  readonly key: PlannedKey;
  readonly wrapped: Omit<NewDataKey, 'dataKey'>;
  readonly kid: string | undefined;
  readonly commitment: string;
}

/** The store's own answer is not believed: the wrapped key is opened again before anything depends on it. */
export async function makeKey(store: KeyStore, key: PlannedKey): Promise<ProvenKey> {
  const { dataKey, ...wrapped } = await store.generateDataKey(contextOf(key));
  try {
    const { kid, commitment } = openCipherKey(dataKey);
    if (commitmentOf(await store.unwrap(wrapped)) === commitment) {
      return { key, wrapped, commitment, kid: key.kind === 'data-key' ? kid : undefined };
    }
  } finally {
    dataKey.destroy();
  }
  throw new OrdersyncError('decrypt_failed', `the key store gave back another key than it made for ${nameOf(key)}`, {
    hint: 'nothing was written; check what answers as the key store',
  });
}

/** Writes the key and its audit row, in the transaction of the caller. */
export async function insertKey(
  sql: Sql,
  store: KeyStore,
  { key, wrapped, kid, commitment }: ProvenKey,
): Promise<void> {
  const { provider } = store;
  const row = { ...wrapped, provider, commitment };
  if (key.kind === 'data-key') await insertDataKey(sql, { ...row, ...key, kid: kid ?? '' } satisfies NewDataKeyRow);
  else await insertBlindIndexKey(sql, { ...row, ...key } satisfies NewBlindIndexRow);
  const { providerKey: provider_key } = wrapped;
  await recordKeyAction(sql, {
    action: 'CREATE_KEY',
    resourceType: key.kind === 'data-key' ? 'encryption_keys' : 'blind_index_keys',
    resourceId: key.kind === 'data-key' ? key.keyId : `${key.purpose}-v${key.version}`,
    changes: { provider, provider_key, version: key.version, ...(kid === undefined ? {} : { kid }) },
  });
}

function contextOf(key: PlannedKey): KeyContext {
  return key.kind === 'data-key' ? dataKeyContext(key) : blindIndexContext(key);
}

export function nextVersion(versions: readonly { readonly version: number }[]): number {
  return Math.max(0, ...versions.map(({ version }) => version)) + 1;
}

function neverOpened(): never {
  throw new TypeError('planning needs no key store');
}
