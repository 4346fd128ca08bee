import type { CipherBatch } from '../../../crypto/batch.ts';
import { createOpensslBatch } from '../../../crypto/batch.ts';
import { createNonceSource } from '../../../crypto/nonce.ts';

/** What re-encrypts the values of a rotation. */
export function createRotationBatch(): CipherBatch {
  return createOpensslBatch(createNonceSource());
}
