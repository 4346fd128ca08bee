import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { OrdersyncError } from '../errors.ts';
import type { CipherKey, ColumnPlace, KeySet } from './cipher-key.ts';
import type { Ciphertext, FormatFault } from './ciphertext.ts';
import { HEADER_BYTES, KID_BYTES, parseCiphertext, PREFIX, TAG_BYTES } from './ciphertext.ts';
import type { NonceSource } from './nonce.ts';
import { requireRowIdBytes, rowIdBytes } from './row-id.ts';
import { Secret } from './secret.ts';
import type { Plaintext } from './secret.ts';

const ALGORITHM = 'aes-256-gcm';
const GCM_OPTIONS = { authTagLength: TAG_BYTES };

/** Where a value lives. All of it is authenticated: a value moved to another place does not decrypt. */
export interface ValuePlace extends ColumnPlace {
  /** The row's UUID, or the trace id (32 hex digits) of an audit row. */
  readonly rowId: string;
}

/** What encrypting needs: the key, and nonces nobody else gets. */
export interface Encryption {
  readonly key: CipherKey;
  readonly nonces: NonceSource;
}

/** Why a value cannot be decrypted; never more than this is said about it. */
export type DecryptFault =
  | FormatFault
  | 'unknown_key' // names a key that is not among those given
  | 'bad_row_id' // the row's id is neither a UUID nor 32 hex digits, so nothing can have been bound to it
  | 'tag_mismatch'; // changed, or moved from another row, column or table

export type Opened =
  | { readonly ok: true; readonly plaintext: Buffer }
  | { readonly ok: false; readonly fault: DecryptFault };

const EXPLANATIONS: Readonly<Record<DecryptFault, string>> = {
  empty: 'it is empty',
  not_ours: 'it is not a ciphertext of this program',
  unknown_version: 'its format version is newer than this program',
  malformed: 'its encoding is damaged',
  truncated: 'it is cut short',
  unknown_key: 'it names a key that is not available',
  bad_row_id: 'its row id is neither a UUID nor 32 hex digits',
  tag_mismatch: 'it was changed, or belongs to another row, column or table',
};

/**
 * Encrypts one value for one place, under a fresh nonce. Text becomes UTF-8; text with a lone surrogate has no UTF-8 and
 * is refused with `usage`, because it would come back as another text.
 */
export function encryptValue({ key, nonces }: Encryption, place: ValuePlace, plaintext: string | Uint8Array): string {
  const box = { key, subkey: key.subkeyOf(place), nonce: nonces(), aad: requireRowIdBytes(place.rowId) };
  return seal(box, plaintextBytes(plaintext));
}

/** Decrypts one value. Throws `decrypt_failed` with `facts.reason`, naming the place and never the content. */
export function decryptValue(keys: KeySet, place: ValuePlace, text: string): Plaintext {
  const opened = openValue(keys, place, text);
  if (opened.ok) return new Secret('plaintext', opened.plaintext);
  throw new OrdersyncError(
    'decrypt_failed',
    `cannot decrypt ${place.table}.${place.column} of row ${place.rowId.slice(0, 64)}: ${EXPLANATIONS[opened.fault]}`,
    { facts: { reason: opened.fault, table: place.table, column: place.column, row_id: place.rowId.slice(0, 64) } },
  );
}

/** As decryptValue, for callers that go on after a bad value: the outcome instead of an error. */
export function openValue(keys: KeySet, place: ValuePlace, text: string): Opened {
  const ciphertext = parseCiphertext(text);
  if (typeof ciphertext === 'string') return { ok: false, fault: ciphertext };
  const key = keys.get(ciphertext.kid);
  if (key === undefined) return { ok: false, fault: 'unknown_key' };
  const aad = rowIdBytes(place.rowId);
  if (aad === undefined) return { ok: false, fault: 'bad_row_id' };
  return unseal(key.subkeyOf(place), aad, ciphertext);
}

/** Text of a decrypted value; throws `decrypt_failed` when the bytes are not UTF-8. */
export function textOf(plaintext: Plaintext): string {
  try {
    // ignoreBOM keeps a leading U+FEFF, which belongs to the value.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext.expose());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new OrdersyncError('decrypt_failed', 'the decrypted value is not UTF-8 text', {
      facts: { reason: 'not_text' },
    });
  }
}

function seal(box: { key: CipherKey; subkey: KeyObject; nonce: Buffer; aad: Buffer }, plaintext: Uint8Array): string {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + plaintext.length + TAG_BYTES);
  box.key.kidBytes.copy(bytes, 0);
  box.nonce.copy(bytes, KID_BYTES);
  const cipher = createCipheriv(ALGORITHM, box.subkey, box.nonce, GCM_OPTIONS).setAAD(box.aad);
  cipher.update(plaintext).copy(bytes, HEADER_BYTES);
  cipher.final();
  cipher.getAuthTag().copy(bytes, HEADER_BYTES + plaintext.length);
  return PREFIX + bytes.toString('base64url');
}

function unseal(subkey: KeyObject, aad: Buffer, { nonce, body, tag }: Ciphertext): Opened {
  const decipher = createDecipheriv(ALGORITHM, subkey, nonce, GCM_OPTIONS).setAAD(aad).setAuthTag(tag);
  const plaintext = decipher.update(body);
  try {
    decipher.final();
  } catch {
    // final() has one way to fail, the tag; Node gives that error no code. What was decrypted is not to be trusted.
    plaintext.fill(0);
    return { ok: false, fault: 'tag_mismatch' };
  }
  return { ok: true, plaintext };
}

function plaintextBytes(plaintext: string | Uint8Array): Uint8Array {
  if (typeof plaintext !== 'string') return plaintext;
  // With the u flag this matches halves of a pair only when the other half is missing.
  if (/\p{Surrogate}/u.test(plaintext)) {
    throw new OrdersyncError('usage', 'text with half a surrogate pair cannot be encrypted', {
      hint: 'the text was cut in the middle of a character',
    });
  }
  return Buffer.from(plaintext, 'utf8');
}
