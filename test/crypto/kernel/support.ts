import { createSecretKey, randomBytes } from 'node:crypto';
import { createOpensslBatch } from '../../../src/crypto/batch.ts';
import type { CipherBatch } from '../../../src/crypto/batch.ts';
import type { CipherKey } from '../../../src/crypto/cipher-key.ts';
import { createKernelBatch } from '../../../src/crypto/kernel/batch.ts';
import { loadKernel } from '../../../src/crypto/kernel/instance.ts';
import { KERNEL_MODULE } from '../../../src/crypto/kernel/module.ts';
import { createNonceSource } from '../../../src/crypto/nonce.ts';
import type { NonceSource } from '../../../src/crypto/nonce.ts';

export const kernelModule = Buffer.from(KERNEL_MODULE, 'base64');
export const kernel = loadKernel(kernelModule);
export const place = { table: 'orders', column: 'items_encrypted' };

/** Both paths, each over its own copy of the same nonces, so that equal work gives equal bytes. */
export function bothPaths(): { bulk: CipherBatch; perValue: CipherBatch } {
  const seed = randomBytes(8);
  return { bulk: createKernelBatch(countedNonces(seed), kernel), perValue: createOpensslBatch(countedNonces(seed)) };
}

/** A key used as it is, without derivation, for vectors that give the AES key. */
export function rawKey(key: Buffer, kidBytes: Buffer = randomBytes(6)): CipherKey {
  const subkey = createSecretKey(key);
  return { kid: kidBytes.toString('base64url'), kidBytes, commitment: '', subkeyOf: () => subkey };
}

export function onlyNonce(nonce: Buffer): NonceSource {
  return () => nonce;
}

function countedNonces(seed: Buffer): NonceSource {
  let count = 0;
  return createNonceSource((block) => {
    for (let at = 0; at < block.length; at += 12) {
      seed.copy(block, at);
      block.writeUInt32BE(count++, at + 8);
    }
  });
}
