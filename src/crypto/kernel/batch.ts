import { createCipheriv } from 'node:crypto';
import type { CipherBatch } from '../batch.ts';
import { createOpensslBatch } from '../batch.ts';
import type { CipherKey, ColumnPlace } from '../cipher-key.ts';
import type { NonceSource } from '../nonce.ts';
import { takeNonces } from '../nonce.ts';
import { encryptColumn } from './encrypt.ts';
import type { Kernel } from './instance.ts';
import { reencryptColumn } from './reencrypt.ts';

/** What is common to both directions: the module, where nonces come from, and the path for what the module does not take. */
export interface Bulk {
  readonly kernel: Kernel;
  readonly nonces: NonceSource;
  readonly perValue: CipherBatch;
}

/** The module did something that OpenSSL contradicts: nothing it has made can be used. */
export class KernelFault extends Error {}

/**
 * The bulk path: the same bytes as the reference implementation, from one OpenSSL call for all blocks of a turn and a
 * WebAssembly module for the rest. Values above 1 KB and everything that is not plainly good go to OpenSSL one by one, so
 * that every fault and every error is the reference's own. Plaintexts, keystreams and hash keys are overwritten in the
 * module's memory before a call returns. Throws KernelFault when the two paths disagree.
 */
export function createKernelBatch(nonces: NonceSource, kernel: Kernel): CipherBatch {
  const bulk: Bulk = { kernel, nonces, perValue: createOpensslBatch(nonces) };
  return {
    encryptMany: (batch) => wiping(kernel, () => encryptColumn(bulk, batch)),
    reencryptPacked: (batch) => wiping(kernel, () => reencryptColumn(bulk, batch)),
  };
}

/** Lays out the counter blocks of the fields under a key and lets OpenSSL encrypt them all, in place. */
export function makeStream({ calls, memory, layout }: Kernel, field: number, key: CipherKey, place: ColumnPlace): void {
  const length = calls.lay(field);
  const cipher = createCipheriv('aes-256-ecb', key.subkeyOf(place), null).setAutoPadding(false);
  const stream = cipher.update(memory.subarray(layout.STREAM, layout.STREAM + length));
  memory.set(stream, layout.STREAM);
  stream.fill(0);
}

/** Encrypts the turn's plaintexts under new nonces; the texts of all its fields joined by ','. */
export function sealTurn({ kernel, nonces }: Bulk, plain: number, key: CipherKey, place: ColumnPlace): string {
  const { calls, memory, layout } = kernel;
  memory.set(takeNonces(nonces, plain), layout.NONCES);
  calls.renew();
  makeStream(kernel, PLAIN, key, place);
  memory.write(key.kid, layout.TO, 'latin1');
  return memory.toString('latin1', layout.OUT, layout.OUT + calls.seal());
}

/** The field number the module gives to a plaintext; see kernel/memory.ts. */
const PLAIN = -1;

function wiping<Result>({ calls }: Kernel, work: () => Result): Result {
  try {
    return work();
  } finally {
    calls.wipe();
  }
}
