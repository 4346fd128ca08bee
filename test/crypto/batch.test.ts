import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOpensslBatch } from '../../src/crypto/batch.ts';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { keyOne, keySetOf, keyTwo } from './keys.ts';

const batch = createOpensslBatch(createNonceSource());
const keys = keySetOf(keyOne, keyTwo);
const place = { table: 'orders', column: 'items_encrypted' };
const column = fc.array(fc.option(fc.uint8Array({ maxLength: 80 })), { maxLength: 40 });

test('a column comes back whole, and null stays null', () => {
  fc.assert(
    fc.property(column, (plaintexts) => {
      const rowIds = plaintexts.map(() => randomUUID());
      const texts = batch.encryptMany({ key: keyOne, place, rowIds, plaintexts });
      const opened = batch.decryptMany({ keys, place, rowIds, texts });
      expect(opened.faults).toEqual([]);
      expect(opened.plaintexts).toEqual(plaintexts.map((plaintext) => plaintext && Buffer.from(plaintext)));
    }),
  );
});

test('re-encryption changes the key and the nonce, and nothing else', () => {
  fc.assert(
    fc.property(column, (plaintexts) => {
      const rowIds = plaintexts.map(() => randomUUID());
      const old = batch.encryptMany({ key: keyOne, place, rowIds, plaintexts });
      const { texts, faults } = batch.reencryptMany({ keys, to: keyTwo, place, rowIds, texts: old });
      const opened = batch.decryptMany({ keys: keySetOf(keyTwo), place, rowIds, texts });
      expect([faults, opened.faults]).toEqual([[], []]);
      expect(opened.plaintexts).toEqual(plaintexts.map((plaintext) => plaintext && Buffer.from(plaintext)));
      const nonces = [...old, ...texts].flatMap((text) => text?.slice(12, 28) ?? []);
      expect(new Set(nonces).size).toBe(nonces.length);
    }),
  );
});

test('re-encryption leaves a value that already has the new key as it is', () => {
  const rowIds = [randomUUID(), randomUUID()];
  const texts = batch.encryptMany({ key: keyTwo, place, rowIds, plaintexts: ['a', null] });
  expect(batch.reencryptMany({ keys, to: keyTwo, place, rowIds, texts })).toEqual({ texts, faults: [] });
});

test('a bad value becomes null and a named fault; the others go on', () => {
  const rowIds = Array.from({ length: 6 }, () => randomUUID());
  const texts: (string | null)[] = batch.encryptMany({
    key: keyOne,
    place,
    rowIds,
    plaintexts: ['a', 'b', 'c', 'd', 'e', null],
  });
  [texts[1], texts[2], texts[3]] = [texts[2] ?? null, 'plain', ''];
  const faults = [
    { index: 1, fault: 'tag_mismatch' },
    { index: 2, fault: 'not_ours' },
    { index: 3, fault: 'empty' },
  ];
  const renewed = batch.reencryptMany({ keys, to: keyTwo, place, rowIds, texts });
  expect(renewed.faults).toEqual(faults);
  expect(renewed.texts.map((text) => text !== null)).toEqual([true, false, false, false, true, false]);
  expect(batch.decryptMany({ keys, place, rowIds, texts }).faults).toEqual(faults);
});

test('ids and values of different number are a bug', () => {
  expect(() => batch.encryptMany({ key: keyOne, place, rowIds: [randomUUID()], plaintexts: [] })).toThrow(RangeError);
});
