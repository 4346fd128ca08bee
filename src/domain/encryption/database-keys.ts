import type { BlindIndex, BlindIndexPurpose } from '../../crypto/blind-index.ts';
import { openBlindIndex } from '../../crypto/blind-index.ts';
import type { CipherKey, KeySet } from '../../crypto/cipher-key.ts';
import { openCipherKey } from '../../crypto/cipher-key.ts';
import type { DataKey } from '../../crypto/secret.ts';
import type { Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KeyStore, WrappedKey } from '../../keystore/keystore.ts';
import type { BlindIndexKeyRow, DataKeyMaterial, DataKeyRow } from './queries.ts';
import { readBlindIndexKeys, readDataKeys, readKeyTables } from './queries.ts';
import type { KeyType } from './registry.ts';

export interface ActiveKey {
  /** What goes into the key column of every pair. */
  readonly keyId: string;
  readonly key: CipherKey;
}

/**
 * The keys of one database. Nothing is unwrapped, and no key store opened, before a key is asked for; each key is unwrapped
 * once, however many rows need it. They live as long as the key store they came from.
 */
export interface DatabaseKeys {
  readonly dataKeys: readonly DataKeyRow[];
  readonly blindIndexKeys: readonly BlindIndexKeyRow[];
  /** The key a value names; undefined when the database does not know it. */
  findKid(kid: string): DataKeyRow | undefined;
  /** The key that new values of this type are encrypted with. Throws `precondition` when there is none. */
  activeKey(type: KeyType): Promise<ActiveKey>;
  /** The keys of these kids, for decryption; those that are unknown or destroyed are not among them. */
  keysFor(kids: Iterable<string>): Promise<KeySet>;
  /** The index of new rows. Throws `precondition` when there is no key for this purpose. */
  blindIndex(purpose: BlindIndexPurpose): Promise<BlindIndex>;
  /** The index that rows may still have while its key is being rotated; undefined at all other times. */
  olderBlindIndex(purpose: BlindIndexPurpose): Promise<BlindIndex | undefined>;
}

/**
 * Reads which keys there are.
 * @throws OrdersyncError `precondition` when the tables are not there, `permission` when they may not be read
 */
export async function loadDatabaseKeys(sql: Sql, openStore: () => Promise<KeyStore>): Promise<DatabaseKeys> {
  await requireKeyTables(sql);
  const [dataKeys, blindIndexKeys] = await Promise.all([readDataKeys(sql), readBlindIndexKeys(sql)]);
  const byKid = new Map(dataKeys.flatMap((row) => (row.material === null ? [] : [[row.material.kid, row] as const])));
  const opened = new Map<string, Promise<CipherKey>>();
  const open = (material: DataKeyMaterial): Promise<CipherKey> => {
    const known = opened.get(material.kid);
    if (known !== undefined) return known;
    const opening = unwrapStored(openStore, material)
      .then((dataKey) => openCipherKey(dataKey, material))
      .catch((error: unknown) => {
        // As in unwrapOnce: who asks again may find the key store well again.
        opened.delete(material.kid);
        throw error;
      });
    opened.set(material.kid, opening);
    return opening;
  };
  return {
    dataKeys,
    blindIndexKeys,
    findKid: (kid) => byKid.get(kid),
    activeKey: async (type) => {
      const row = dataKeys.find(({ keyType, status }) => keyType === type && status === 'ACTIVE');
      if (row?.material == null) throw noActiveKey(`the type ${type}`, type);
      return { keyId: row.keyId, key: await open(row.material) };
    },
    keysFor: async (kids) => {
      const keys = new Map<string, CipherKey>();
      for (const kid of new Set(kids)) {
        const material = byKid.get(kid)?.material;
        if (material?.wrapped != null) keys.set(kid, await open(material));
      }
      return keys;
    },
    blindIndex: async (purpose) => {
      const row = blindIndexKeys.find((key) => key.purpose === purpose && key.status === 'ACTIVE');
      if (row === undefined) throw noActiveKey(`the blind index ${purpose}`, 'blind-index');
      return openBlindIndex(await unwrapBlindIndexKey(openStore, row), purpose);
    },
    olderBlindIndex: async (purpose) => {
      const row = blindIndexKeys.find((key) => key.purpose === purpose && key.status === 'ROTATING');
      return row && openBlindIndex(await unwrapBlindIndexKey(openStore, row), purpose);
    },
  };
}

/** Unwraps a blind index key and compares its commitment. Throws `decrypt_failed` for another key than the one stored. */
async function unwrapBlindIndexKey(openStore: () => Promise<KeyStore>, row: BlindIndexKeyRow): Promise<DataKey> {
  const key = await unwrapStored(openStore, row);
  if (commitmentOf(key) === row.commitment) return key;
  throw new OrdersyncError('decrypt_failed', `the key store returned another key for the blind index ${row.purpose}`, {
    hint: 'the wrapped key in blind_index_keys was replaced; restore that row from a backup',
    facts: { reason: 'commitment_mismatch', purpose: row.purpose },
  });
}

/** 64 hex digits that recognise a key without telling it: of data keys and blind index keys alike. */
export function commitmentOf(key: DataKey): string {
  return openCipherKey(key).commitment;
}

/** Throws `config` for a key of another provider, `precondition` for one that was destroyed. */
export async function unwrapStored(
  openStore: () => Promise<KeyStore>,
  key: Omit<WrappedKey, 'wrapped'> & { readonly provider: string; readonly wrapped: string | null },
): Promise<DataKey> {
  const store = await openStore();
  const { provider, providerKey, wrapped, context } = key;
  if (provider !== store.provider) {
    throw new OrdersyncError(
      'config',
      `the keys of this database are wrapped by ${provider}, not by ${store.provider}`,
      {
        hint: `set ORDERSYNC_KEY_PROVIDER=${provider}, or name it in the project file`,
      },
    );
  }
  if (wrapped === null) {
    throw new OrdersyncError('precondition', 'the key was destroyed', { hint: 'what it encrypted cannot be read' });
  }
  return store.unwrap({ wrapped, providerKey, context });
}

async function requireKeyTables(sql: Sql): Promise<void> {
  const tables = await readKeyTables(sql);
  if (tables.length < 3) {
    throw new OrdersyncError('precondition', 'this database has no tables for encryption keys', {
      hint: 'apply the migrations: ordersync migrate up',
    });
  }
  const closed = tables.filter(({ readable }) => !readable).map(({ name }) => name);
  if (closed.length === 0) return;
  throw new OrdersyncError('permission', `this role may not read ${closed.join(', ')}`, {
    hint: 'connect as the owner of the tables, or grant select on them',
  });
}

function noActiveKey(what: string, type: string): OrdersyncError {
  return new OrdersyncError('precondition', `there is no active key for ${what}`, {
    hint: `ordersync key create --type ${type}`,
  });
}
