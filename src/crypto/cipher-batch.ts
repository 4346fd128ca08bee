import { randomInt } from 'node:crypto';
import type { CipherBatch, EncryptBatch, PackedReencrypt, PackedRenewed } from './batch.ts';
import { createOpensslBatch } from './batch.ts';
import { createKernelBatch } from './kernel/batch.ts';
import { loadKernel } from './kernel/instance.ts';
import { KERNEL_MODULE } from './kernel/module.ts';
import { selfTest } from './kernel/self-test.ts';
import type { NonceSource } from './nonce.ts';
import { openValue } from './value.ts';

/** How many values at once are encrypted: in bulk when it proves itself, or by OpenSSL one by one. */
export type CipherChoice = 'auto' | 'openssl';

export interface CipherBatchOptions {
  readonly nonces: NonceSource;
  readonly choice: CipherChoice;
  /** Told once, when the bulk path is given up: why. Everything is done by OpenSSL from then on. */
  readonly onFallback: (reason: string) => void;
  /** The WebAssembly module; another one for tests alone. */
  readonly module?: Uint8Array;
}

/**
 * The bulk path when its self-test passes, checked with every batch: one random value of each result is decrypted by
 * OpenSSL before the result leaves. Whatever goes wrong in it is done again by OpenSSL, value by value, and unless OpenSSL
 * refuses the same input, the bulk path is given up for good (docs/decisions/012).
 */
export function createCipherBatch({ nonces, choice, onFallback, module }: CipherBatchOptions): CipherBatch {
  const openssl = createOpensslBatch(nonces);
  if (choice === 'openssl') return openssl;
  let bulk: CipherBatch | undefined;
  const giveUp = (reason: string): void => {
    bulk = undefined;
    onFallback(reason);
  };
  try {
    bulk = startBulk(nonces, module ?? Buffer.from(KERNEL_MODULE, 'base64'));
  } catch (error) {
    giveUp(reasonOf(error));
  }
  return {
    encryptMany: (batch) =>
      attempt({ bulk, openssl, giveUp }, (path) => path.encryptMany(batch), checkEncrypted(batch)),
    reencryptPacked: (batch) =>
      attempt({ bulk, openssl, giveUp }, (path) => path.reencryptPacked(batch), checkRenewed(batch)),
  };
}

function startBulk(nonces: NonceSource, module: Uint8Array): CipherBatch {
  const kernel = loadKernel(module);
  const failure = selfTest((fixed) => createKernelBatch(fixed, kernel), createOpensslBatch);
  if (failure !== undefined) throw new Error(failure);
  return createKernelBatch(nonces, kernel);
}

interface Paths {
  readonly bulk: CipherBatch | undefined;
  readonly openssl: CipherBatch;
  readonly giveUp: (reason: string) => void;
}

function attempt<Result>(
  { bulk, openssl, giveUp }: Paths,
  run: (path: CipherBatch) => Result,
  isGood: (result: Result) => boolean,
): Result {
  if (bulk === undefined) return run(openssl);
  let reason = 'OpenSSL does not decrypt what the bulk path encrypted';
  try {
    const result = run(bulk);
    if (isGood(result)) return result;
  } catch (error) {
    reason = reasonOf(error);
  }
  // An input that OpenSSL refuses too ends here with OpenSSL's error, and is no fault of the bulk path.
  const result = run(openssl);
  giveUp(reason);
  return result;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the bulk path failed';
}

function checkEncrypted({ key, place, rowIds, plaintexts }: EncryptBatch): (texts: (string | null)[]) => boolean {
  return (texts) => {
    if (texts.length !== plaintexts.length) return false;
    const index = firstFrom(texts.length, (at) => texts[at] !== null);
    if (index === undefined) return plaintexts.every((plaintext) => plaintext === null);
    const opened = openValue(new Map([[key.kid, key]]), { ...place, rowId: rowIds[index] ?? '' }, texts[index] ?? '');
    if (!opened.ok) return false;
    const same = opened.plaintext.equals(Buffer.from(plaintexts[index] ?? ''));
    opened.plaintext.fill(0);
    return same;
  };
}

function checkRenewed({ keys, to, place, rowIds, texts }: PackedReencrypt): (renewed: PackedRenewed) => boolean {
  return ({ texts: renewed, renewed: count }) => {
    if (count === 0) return true;
    const fields = endsOf(renewed);
    const index = firstFrom(fields.length, (at) => fieldAt(renewed, fields, at) !== '');
    if (index === undefined) return false;
    const where = { ...place, rowId: fieldAt(rowIds, endsOf(rowIds), index) };
    const before = openValue(keys, where, fieldAt(texts, endsOf(texts), index));
    const after = openValue(new Map([[to.kid, to]]), where, fieldAt(renewed, fields, index));
    if (!before.ok || !after.ok) return false;
    const same = before.plaintext.equals(after.plaintext);
    before.plaintext.fill(0);
    after.plaintext.fill(0);
    return same;
  };
}

/** The first index that will do, from a random one on and round. */
function firstFrom(length: number, willDo: (index: number) => boolean): number | undefined {
  const start = length === 0 ? 0 : randomInt(length);
  for (let step = 0; step < length; step += 1) {
    const index = (start + step) % length;
    if (willDo(index)) return index;
  }
  return undefined;
}

/** Where each field of a packed column ends. Cheaper than a string for each. */
function endsOf(packed: string): number[] {
  const ends: number[] = [];
  for (let comma = packed.indexOf(','); comma !== -1; comma = packed.indexOf(',', comma + 1)) ends.push(comma);
  ends.push(packed.length);
  return ends;
}

function fieldAt(packed: string, ends: readonly number[], index: number): string {
  return packed.slice(index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, ends[index]);
}
