import type { CipherBatch } from '../../../crypto/batch.ts';
import type { CipherChoice } from '../../../crypto/cipher-batch.ts';
import { createCipherBatch } from '../../../crypto/cipher-batch.ts';
import { createNonceSource } from '../../../crypto/nonce.ts';

/**
 * What re-encrypts the values of a rotation.
 * @param onFallback told why values are encrypted one by one, should it come to that
 */
export function createRotationBatch(choice: CipherChoice, onFallback: (reason: string) => void): CipherBatch {
  return createCipherBatch({ nonces: createNonceSource(), choice, onFallback });
}
