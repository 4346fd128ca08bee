import { createHmac, createSecretKey } from 'node:crypto';
import { canonicalEmail, canonicalIdentifier, canonicalIp, canonicalRateLimit } from './canonical.ts';
import { derive, KEY_BYTES } from './cipher-key.ts';
import type { DataKey } from './secret.ts';

/** What a blind index is for; each purpose has a key and a rule of spelling of its own. */
export const BLIND_INDEX_PURPOSES = ['email', 'ip', 'external_id', 'rate_limit'] as const;
export type BlindIndexPurpose = (typeof BLIND_INDEX_PURPOSES)[number];

/** Turns a value into 64 hex digits that are equal for equal values and tell nothing to who lacks the key. */
export type BlindIndex = (value: string) => string;

const CANONICAL: Readonly<Record<BlindIndexPurpose, (value: string) => string>> = {
  email: canonicalEmail,
  ip: canonicalIp,
  external_id: canonicalIdentifier,
  rate_limit: canonicalRateLimit,
};

/**
 * HMAC-SHA256 over the UTF-8 of the value's one spelling (docs/ciphertext.md, section 6). The HMAC key is derived with
 * the purpose, so that one stored key used for two purposes would still not make their indexes comparable.
 */
export function openBlindIndex(key: DataKey, purpose: BlindIndexPurpose): BlindIndex {
  const hmacKey = createSecretKey(derive(key, `os1-index|${purpose}`, KEY_BYTES));
  const canonical = CANONICAL[purpose];
  return (value) => createHmac('sha256', hmacKey).update(canonical(value), 'utf8').digest('hex');
}
