import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CipherBatch } from '../../src/crypto/batch.ts';
import type { CipherKey } from '../../src/crypto/cipher-key.ts';
import { createCipherBatch } from '../../src/crypto/cipher-batch.ts';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { openValue } from '../../src/crypto/value.ts';
import { kernelModule } from './kernel/support.ts';
import { keyOne, keySetOf, keyTwo } from './keys.ts';

const place = { table: 'users', column: 'email_encrypted' };
const keys = keySetOf(keyOne, keyTwo);
const rowIds = Array.from({ length: 50 }, () => randomUUID());
const plaintexts = rowIds.map((_, index) => (index % 7 === 3 ? null : `${index}@example.com`));
const packed = { place, keys, to: keyTwo, rowIds: rowIds.join(',') };

test('with a good module nothing falls back, and values come back whole', () => {
  const { batch, reasons } = chosen('auto');
  expectWhole(batch);
  expect(reasons).toEqual([]);
});

test('--crypto openssl is the per-value path', () => {
  const { batch, reasons } = chosen('openssl', Buffer.from('no module at all'));
  expectWhole(batch);
  expect(reasons).toEqual([]);
});

test('a file that is no module, or one with a changed byte of code, is not used: it says so once and OpenSSL goes on', () => {
  for (const module of [Buffer.from('no module at all'), kernelModule.subarray(0, 3_000), withoutReduction()]) {
    const { batch, reasons } = chosen('auto', module);
    expect(reasons.length).toBe(1);
    expectWhole(batch);
    expect(reasons.length).toBe(1);
  }
});

test('the self-test names what a subtly wrong module gets wrong', () => {
  expect(chosen('auto', withoutReduction()).reasons).toEqual(['the self-test failed on a published test vector']);
});

test('a batch that OpenSSL does not decrypt is done again, value by value, and ends the bulk path', () => {
  const { batch, reasons } = chosen('auto');
  expectWhole(batch, wrongOnce(keyOne));
  expectWhole(batch);
  expect(reasons).toEqual(['OpenSSL does not decrypt what the bulk path encrypted']);
  const other = chosen('auto');
  expectWhole(other.batch, keyOne, wrongOnce(keyTwo));
  expect(other.reasons).toEqual(['OpenSSL does not decrypt what the bulk path encrypted']);
});

test('an input that OpenSSL refuses as well is no reason to give up the bulk path', () => {
  const { batch, reasons } = chosen('auto');
  expect(() => batch.reencryptPacked({ ...packed, texts: 'a,b' })).toThrow(RangeError);
  expect(() => batch.encryptMany({ key: keyOne, place, rowIds: ['no id'], plaintexts: ['a'] })).toThrow('no id');
  expect(reasons).toEqual([]);
  expectWhole(batch);
});

function chosen(choice: 'auto' | 'openssl', module: Buffer = kernelModule): { batch: CipherBatch; reasons: string[] } {
  const reasons: string[] = [];
  const onFallback = (reason: string): void => void reasons.push(reason);
  return { batch: createCipherBatch({ nonces: createNonceSource(), choice, onFallback, module }), reasons };
}

/** Gives out another subkey the first time it is asked: what was made with that does not decrypt. */
function wrongOnce(key: CipherKey): CipherKey {
  let asked = 0;
  return { ...key, subkeyOf: (place) => key.subkeyOf(asked++ === 0 ? { ...place, column: 'other' } : place) };
}

function expectWhole(batch: CipherBatch, from = keyOne, to = keyTwo): void {
  const texts = batch.encryptMany({ key: from, place, rowIds, plaintexts });
  expect(texts.map((text, index) => opened(text, index))).toEqual(plaintexts);
  const renewed = batch.reencryptPacked({ ...packed, to, texts: texts.join(',') });
  expect(renewed.texts.split(',').map((text, index) => opened(text === '' ? null : text, index))).toEqual(plaintexts);
  expect(renewed.faults).toEqual([]);
}

function opened(text: string | null, index: number): string | null {
  if (text === null) return null;
  const value = openValue(keys, { ...place, rowId: rowIds[index] ?? '' }, text);
  return value.ok ? value.plaintext.toString() : value.fault;
}

/** The module with another constant in GHASH's reduction: it compiles, runs, and is wrong. */
function withoutReduction(): Buffer {
  const module = Buffer.from(kernelModule);
  // i64.const 57; i64.shl, in LEB128: the last term of the reduction.
  const at = module.indexOf(Buffer.from([0x42, 57, 0x86]));
  expect(at).toBeGreaterThan(0);
  module[at + 1] = 56;
  return module;
}
