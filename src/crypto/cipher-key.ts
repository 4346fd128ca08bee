import type { KeyObject } from 'node:crypto';
import { createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { OrdersyncError } from '../errors.ts';
import { KID_BYTES } from './ciphertext.ts';
import type { DataKey, Secret } from './secret.ts';

/** Bytes of a data key, of a subkey and of a commitment. */
export const KEY_BYTES = 32;

/** Names as the registry of encrypted columns writes them; partitions and archive copies share the logical table. */
export interface ColumnPlace {
  readonly table: string;
  readonly column: string;
}

/** What the database keeps beside a wrapped data key, to recognise the key after unwrapping it. */
export interface KeyIdentity {
  /** 8 characters of base64url: characters 5 to 12 of every value encrypted under the key. */
  readonly kid: string;
  /** 64 hex digits, derived from the key, from which the key cannot be found. */
  readonly commitment: string;
}

/** A data key ready for use: its identity, and one AES key per column, derived at first use and kept. */
export interface CipherKey extends KeyIdentity {
  readonly kidBytes: Buffer;
  subkeyOf(place: ColumnPlace): KeyObject;
}

/** Cipher keys by kid. A value names its key; no other key is ever tried. */
export type KeySet = ReadonlyMap<string, CipherKey>;

/**
 * Derives what a data key stands for (docs/ciphertext.md, sections 3 and 4). With `expected`, compares first and throws
 * `decrypt_failed` when the store returned another key than the one the values were written with. The cipher key lives
 * no longer than the data key: destroying that makes new derivations fail.
 */
export function openCipherKey(dataKey: DataKey, expected?: KeyIdentity): CipherKey {
  const kidBytes = derive(dataKey, 'os1|kid', KID_BYTES);
  const kid = kidBytes.toString('base64url');
  const commitment = derive(dataKey, 'os1|commit', KEY_BYTES);
  if (expected !== undefined) requireIdentity({ kid, commitment }, expected);
  const subkeys = new Map<string, KeyObject>();
  return {
    kid,
    kidBytes,
    commitment: commitment.toString('hex'),
    subkeyOf: (place) => {
      const info = `os1|${place.table}|${place.column}`;
      const known = subkeys.get(info);
      if (known !== undefined) return known;
      // Refused names never get into the map, and none of them spells the info of an accepted one.
      requireNames(place);
      const subkey = createSecretKey(derive(dataKey, info, KEY_BYTES));
      subkeys.set(info, subkey);
      return subkey;
    },
  };
}

/** HKDF-SHA256 (RFC 5869) with an empty salt: the input is already a uniformly random key. */
export function derive(key: DataKey | Secret<'master key'>, info: string, length: number): Buffer {
  const bytes = key.expose();
  if (bytes.length !== KEY_BYTES) {
    throw new OrdersyncError('decrypt_failed', `a ${key.kind} has ${bytes.length} bytes instead of ${KEY_BYTES}`);
  }
  return Buffer.from(hkdfSync('sha256', bytes, '', info, length));
}

/** A bar inside a name would let two places share one subkey. */
function requireNames({ table, column }: ColumnPlace): void {
  if (table !== '' && column !== '' && !table.includes('|') && !column.includes('|')) return;
  throw new OrdersyncError('usage', `cannot derive a key for table "${table}", column "${column}"`, {
    hint: 'names must not be empty and must not contain the character |',
  });
}

function requireIdentity(actual: { kid: string; commitment: Buffer }, expected: KeyIdentity): void {
  const stored = Buffer.from(expected.commitment, 'hex');
  const same = stored.length === KEY_BYTES && timingSafeEqual(stored, actual.commitment);
  if (same && actual.kid === expected.kid) return;
  throw new OrdersyncError(
    'decrypt_failed',
    `the key store returned another key than the one stored as ${expected.kid}`,
    {
      hint: 'the wrapped key in encryption_data_keys was replaced; restore that row from a backup',
      facts: { reason: 'commitment_mismatch', kid: expected.kid },
    },
  );
}
