import { randomFillSync } from 'node:crypto';

/** Bytes of a GCM nonce: the one length AES-GCM uses without hashing it first (NIST SP 800-38D, 5.2.1.1). */
export const NONCE_BYTES = 12;

/**
 * How many values one subkey may encrypt under random nonces: 2^32 keeps the chance of a repeated nonce below 2^-32
 * (NIST SP 800-38D, 8.3). A warning comes at half of it.
 */
export const NONCE_LIMIT = 2n ** 32n;
const NONCE_WARNING = NONCE_LIMIT / 2n;

/** 341 nonces per system call: one call per nonce costs thirty times as much as the slice taken here. */
const POOL_BYTES = 341 * NONCE_BYTES;

/** Returns 12 bytes that no other call of any process returns. */
export interface NonceSource {
  (): Buffer;
  /** Many of them end to end; a source without it is asked for one after the other. */
  readonly many?: (count: number) => Buffer;
}

/**
 * Nonces from the operating system's CSPRNG, drawn in blocks. Each block is a new buffer and each of its slices leaves
 * once, so that no nonce is handed out twice and none changes after it was handed out. Worker threads and child
 * processes load this module anew and so have blocks of their own; Node cannot fork a running process. A process frozen
 * together with its memory (a virtual machine snapshot resumed twice) would repeat up to one block: do not snapshot a
 * machine in the middle of a rotation and run both copies.
 *
 * `fill` is an argument for the tests alone; it must write unpredictable bytes.
 */
export function createNonceSource(fill: (block: Buffer) => void = randomFillSync): NonceSource {
  let block = Buffer.alloc(0);
  let next = 0;
  const one = (): Buffer => {
    if (next === block.length) {
      const fresh = Buffer.alloc(POOL_BYTES);
      fill(fresh);
      // Only now: had the generator failed, a block of zeros would have become nonces.
      [block, next] = [fresh, 0];
    }
    next += NONCE_BYTES;
    return block.subarray(next - NONCE_BYTES, next);
  };
  const many = (count: number): Buffer => {
    const fresh = Buffer.alloc(count * NONCE_BYTES);
    fill(fresh);
    return fresh;
  };
  return Object.assign(one, { many });
}

/** `count` nonces of a source, end to end. */
export function takeNonces(source: NonceSource, count: number): Buffer {
  return source.many?.(count) ?? Buffer.concat(Array.from({ length: count }, () => source()));
}

/** Judges an estimate of values encrypted under one subkey (one data key, table and column). */
export function judgeNonceUse(uses: bigint): 'ok' | 'warning' | 'exhausted' {
  if (uses >= NONCE_LIMIT) return 'exhausted';
  return uses >= NONCE_WARNING ? 'warning' : 'ok';
}
