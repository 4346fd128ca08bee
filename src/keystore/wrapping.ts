import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };

/** AES-256-GCM around a key: nonce 12 | ciphertext | tag 16 (docs/keyring.md, section 3). */
export function wrapBytes(key: Uint8Array, bytes: Uint8Array, boundTo: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, OPTIONS).setAAD(Buffer.from(boundTo, 'utf8'));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when the key or `boundTo` is another one, or the bytes were changed. */
export function unwrapBytes(key: Uint8Array, wrapped: Buffer, boundTo: string): Buffer | undefined {
  if (wrapped.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = wrapped.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, OPTIONS).setAAD(Buffer.from(boundTo, 'utf8'));
  decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
  const bytes = decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // The tag is the only thing final() checks in GCM; Node gives the error no code.
    bytes.fill(0);
    return undefined;
  }
  return bytes;
}
