import type { CipherBatch } from '../../crypto/batch.ts';
import type { BlindIndex, BlindIndexPurpose } from '../../crypto/blind-index.ts';
import { BLIND_INDEX_PURPOSES } from '../../crypto/blind-index.ts';
import { createCipherBatch } from '../../crypto/cipher-batch.ts';
import { createNonceSource } from '../../crypto/nonce.ts';
import { OrdersyncError } from '../../errors.ts';
import type { ActiveKey, DatabaseKeys } from '../encryption/database-keys.ts';
import type { KeyType } from '../encryption/registry.ts';
import { KEY_TYPES } from '../encryption/registry.ts';

/** What turns made-up values into stored ones: the ACTIVE key of each type, and the blind indexes. */
export interface SeedKeys {
  readonly active: Readonly<Record<KeyType, ActiveKey>>;
  readonly indexes: Readonly<Record<BlindIndexPurpose, BlindIndex>>;
  readonly batch: CipherBatch;
}

/** Refuses before anything is unwrapped or asked for when a key is missing. */
export function requireActiveKeys({ dataKeys, blindIndexKeys }: DatabaseKeys): void {
  const missing = [
    ...KEY_TYPES.filter((type) => !dataKeys.some(({ keyType, status }) => keyType === type && status === 'ACTIVE')),
    ...BLIND_INDEX_PURPOSES.filter(
      (purpose) => !blindIndexKeys.some((key) => key.purpose === purpose && key.status === 'ACTIVE'),
    ).map((purpose) => `blind index ${purpose}`),
  ];
  if (missing.length === 0) return;
  throw new OrdersyncError('precondition', `there is no active key for ${missing.join(', ')}`, {
    hint: 'ordersync key create --type all',
  });
}

/** Unwraps the seven keys, each once. @param onFallback told why values are encrypted one by one, should it come to that */
export async function openSeedKeys(keys: DatabaseKeys, onFallback: (reason: string) => void): Promise<SeedKeys> {
  return {
    active: {
      pii: await keys.activeKey('pii'),
      payment: await keys.activeKey('payment'),
      business: await keys.activeKey('business'),
    },
    indexes: {
      email: await keys.blindIndex('email'),
      ip: await keys.blindIndex('ip'),
      external_id: await keys.blindIndex('external_id'),
      rate_limit: await keys.blindIndex('rate_limit'),
    },
    batch: createCipherBatch({ nonces: createNonceSource(), choice: 'auto', onFallback }),
  };
}
