import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOpensslBatch } from '../../src/crypto/batch.ts';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { openValue } from '../../src/crypto/value.ts';
import { keyOne, keySetOf, keyTwo } from './keys.ts';

const batch = createOpensslBatch(createNonceSource());
const keys = keySetOf(keyOne, keyTwo);
const place = { table: 'orders', column: 'items_encrypted' };
const column = fc.array(fc.option(fc.uint8Array({ maxLength: 80 })), { minLength: 1, maxLength: 40 });

test('a column is encrypted value by value, and null stays null', () => {
  fc.assert(
    fc.property(column, (plaintexts) => {
      const rowIds = plaintexts.map(() => randomUUID());
      const texts = batch.encryptMany({ key: keyOne, place, rowIds, plaintexts });
      expect(texts.map((text, index) => text && opened(text, rowIds[index] ?? ''))).toEqual(plaintexts.map(hexOf));
    }),
  );
});

test('re-encryption changes the key and the nonce, and nothing else', () => {
  fc.assert(
    fc.property(column, (plaintexts) => {
      const rowIds = plaintexts.map(() => randomUUID());
      const old = batch.encryptMany({ key: keyOne, place, rowIds, plaintexts });
      const renewed = batch.reencryptPacked({
        keys,
        to: keyTwo,
        place,
        rowIds: rowIds.join(','),
        texts: old.join(','),
      });
      const texts = renewed.texts.split(',');
      expect(renewed.faults).toEqual([]);
      expect(renewed.renewed).toBe(plaintexts.filter((plaintext) => plaintext !== null).length);
      expect(texts.map((text) => text.slice(0, 12)).filter((head) => head !== '')).toEqual(
        plaintexts.filter((plaintext) => plaintext !== null).map(() => `os1_${keyTwo.kid}`),
      );
      expect(texts.map((text, index) => (text === '' ? null : opened(text, rowIds[index] ?? '')))).toEqual(
        plaintexts.map(hexOf),
      );
      const nonces = [...old, ...texts].flatMap((text) => text?.slice(12, 28) || []);
      expect(new Set(nonces).size).toBe(nonces.length);
    }),
  );
});

test('a value that already has the new key, and an empty field, are left alone unread', () => {
  const rowIds = [randomUUID(), 'no id', randomUUID()].join(',');
  const texts = ['', `os1_${keyTwo.kid}and then nonsense`, ''].join(',');
  expect(batch.reencryptPacked({ keys, to: keyTwo, place, rowIds, texts })).toEqual({
    texts: ',,',
    renewed: 0,
    faults: [],
  });
});

test('no rows are a batch too', () => {
  expect(batch.reencryptPacked({ keys, to: keyTwo, place, rowIds: '', texts: '' })).toEqual({
    texts: '',
    renewed: 0,
    faults: [],
  });
});

test('a bad value becomes an empty field and a named fault; the others go on', () => {
  const rowIds: string[] = Array.from({ length: 6 }, () => randomUUID());
  const texts = batch.encryptMany({ key: keyOne, place, rowIds, plaintexts: ['a', 'b', 'c', 'd', 'e', null] });
  [texts[1], texts[2], rowIds[3]] = [texts[2] ?? null, '가', 'no id'];
  const renewed = batch.reencryptPacked({ keys, to: keyTwo, place, rowIds: rowIds.join(','), texts: texts.join(',') });
  expect(renewed.faults).toEqual([
    { index: 1, fault: 'tag_mismatch' },
    { index: 2, fault: 'not_ours' },
    { index: 3, fault: 'bad_row_id' },
  ]);
  expect(renewed.texts.split(',').map((text) => text !== '')).toEqual([true, false, false, false, true, false]);
  expect(renewed.renewed).toBe(2);
});

test('ids and values of different number are refused', () => {
  expect(() => batch.encryptMany({ key: keyOne, place, rowIds: [randomUUID()], plaintexts: [] })).toThrow(RangeError);
  const packed = { keys, to: keyTwo, place, rowIds: randomUUID() };
  expect(() => batch.reencryptPacked({ ...packed, texts: 'plain, with a comma' })).toThrow(RangeError);
  expect(() => batch.reencryptPacked({ ...packed, rowIds: `${packed.rowIds},${packed.rowIds}`, texts: '' })).toThrow(
    RangeError,
  );
});

function opened(text: string, rowId: string): string {
  const value = openValue(keys, { ...place, rowId }, text);
  return value.ok ? value.plaintext.toString('hex') : value.fault;
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString('hex');
}
