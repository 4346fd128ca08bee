import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PackedReencrypt } from '../../../src/crypto/batch.ts';
import { createOpensslBatch } from '../../../src/crypto/batch.ts';
import { createKernelBatch, KernelFault } from '../../../src/crypto/kernel/batch.ts';
import { createNonceSource } from '../../../src/crypto/nonce.ts';
import { keyOne, keySetOf, keyTwo } from '../keys.ts';
import { bothPaths, kernel, place, rawKey } from './support.ts';

const keys = keySetOf(keyOne, keyTwo);
const openssl = createOpensslBatch(createNonceSource());

test('100,000 random values have identical bytes on both paths, encrypted and re-encrypted', () => {
  const { bulk, perValue } = bothPaths();
  for (let left = 100_000; left > 0; left -= 5_000) {
    const rowIds = Array.from({ length: 5_000 }, () => randomUUID());
    const plaintexts = rowIds.map(() => randomBytes(randomInt(20) === 0 ? randomInt(1_025) : randomInt(90)));
    const batch = { key: keyOne, place, rowIds, plaintexts };
    const texts = bulk.encryptMany(batch);
    expect(sameTexts(texts, perValue.encryptMany(batch))).toBe(true);
    const packed = { place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') };
    const renewed = bulk.reencryptPacked(packed);
    expect(renewed.renewed).toBe(5_000);
    expect(renewed.texts === perValue.reencryptPacked(packed).texts).toBe(true);
  }
}, 600_000);

test('every length from 0 to 4,096 comes back whole through both directions, also those above 1 KB', () => {
  const bulk = createKernelBatch(createNonceSource(), kernel);
  const plaintexts = Array.from({ length: 4_097 }, (_, length) => randomBytes(length));
  const rowIds = plaintexts.map(() => randomUUID());
  const texts = bulk.encryptMany({ key: keyOne, place, rowIds, plaintexts });
  const ids = rowIds.join(',');
  // OpenSSL re-encrypts what the kernel wrote, and the kernel what OpenSSL wrote; then OpenSSL encrypts neither.
  const once = openssl.reencryptPacked({ place, keys, to: keyTwo, rowIds: ids, texts: texts.join(',') });
  const twice = bulk.reencryptPacked({ place, keys, to: keyOne, rowIds: ids, texts: once.texts });
  expect([once.faults, twice.faults]).toEqual([[], []]);
  expect([once.renewed, twice.renewed]).toEqual([4_097, 4_097]);
  const back = openssl.reencryptPacked({ place, keys, to: keyTwo, rowIds: ids, texts: twice.texts });
  expect(back.renewed).toBe(4_097);
  expect(back.texts.split(',').map((text) => text.length)).toEqual(
    plaintexts.map(({ length }) => 4 + Math.ceil(((34 + length) * 4) / 3)),
  );
}, 300_000);

test('batches of every size up to 40 and around the turn of 1,024', () => {
  const { bulk, perValue } = bothPaths();
  const sizes = [...Array.from({ length: 40 }, (_, size) => size + 1), 1_023, 1_024, 1_025, 2_048, 2_049, 5_000];
  for (const size of sizes) {
    const rowIds = Array.from({ length: size }, () => randomBytes(16).toString('hex'));
    const batch = { key: keyOne, place, rowIds, plaintexts: rowIds.map(() => 'a'.repeat(randomInt(60))) };
    const texts = bulk.encryptMany(batch);
    expect(sameTexts(texts, perValue.encryptMany(batch))).toBe(true);
    const packed = { place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') };
    expect(bulk.reencryptPacked(packed)).toEqual(perValue.reencryptPacked(packed));
  }
});

test('no values are a batch too', () => {
  const { bulk } = bothPaths();
  expect(bulk.encryptMany({ key: keyOne, place, rowIds: [], plaintexts: [] })).toEqual([]);
  expect(bulk.encryptMany({ key: keyOne, place, rowIds: ['no id'], plaintexts: [null] })).toEqual([null]);
  const packed = { place, keys, to: keyTwo };
  expect(bulk.reencryptPacked({ ...packed, rowIds: '', texts: '' })).toEqual({ texts: '', renewed: 0, faults: [] });
});

test('a changed character anywhere, a cut and a swap give the faults OpenSSL gives, and the others go on', () => {
  const rowIds = Array.from({ length: 400 }, () => randomUUID());
  const plaintexts = rowIds.map((_, index) => randomBytes(index % 50));
  const texts = openssl.encryptMany({ key: keyOne, place, rowIds, plaintexts }).map((text) => text ?? '');
  const damaged = texts.map((text, index) => {
    if (index % 4 === 0) return text;
    if (index % 4 === 1) return changed(text, randomInt(text.length));
    return index % 4 === 2 ? text.slice(0, randomInt(text.length)) : (texts[(index + 4) % 400] ?? '');
  });
  // Different nonces: what cannot be told from a good value is not compared, what can is.
  expectSame({ place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: damaged.join(',') });
});

test('texts of any kind, ids of any kind: the same answer as OpenSSL, or the same refusal', () => {
  const good = openssl.encryptMany({ key: keyOne, place, rowIds: [zeros()], plaintexts: ['good'] })[0] ?? '';
  const text = fc.oneof(
    fc.constantFrom(
      '',
      good,
      `${good}=`,
      good.slice(0, -1),
      `${good}A`,
      `os1_${keyTwo.kid}`,
      'os1_',
      'os2_abc',
      'none',
    ),
    fc.string({ unit: 'grapheme' }).map((any) => any.replaceAll(',', '')),
    // Their low bytes are a comma, a letter and a digit.
    fc.constantFrom('Ĭ', `os1_${keyOne.kid}š`, '가나다', `${good.slice(0, 20)}ı${good.slice(21)}`),
  );
  const id = fc.oneof(
    fc.constantFrom(zeros(), zeros().replaceAll('-', ''), 'x', '', 'Ĭ', zeros().replace('-', '0')),
    fc.uuid(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, id), { minLength: 1, maxLength: 30 }), (rows) => {
      const [texts, ids] = [rows.map(([text]) => text).join(','), rows.map(([, id]) => id).join(',')];
      expectSame({ place, keys, to: keyTwo, rowIds: ids, texts });
    }),
    { numRuns: 500 },
  );
});

test('a non-canonical spelling of a good value is refused', () => {
  const rowIds = [randomUUID(), randomUUID()];
  const plaintexts = ['ab', 'a'];
  const [text = '', other = ''] = openssl.encryptMany({ key: keyOne, place, rowIds, plaintexts }).map(String);
  // 36 and 35 bytes: the last group of the first has no spare bits, that of the second has.
  const spelled = [text, `${other.slice(0, -1)}${String.fromCharCode(other.charCodeAt(other.length - 1) + 1)}`];
  expectSame({ place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: spelled.join(',') });
});

test('values under several keys in one column, some of them not at hand', () => {
  const many = Array.from({ length: 40 }, () => rawKey(randomBytes(32)));
  const rowIds = many.map(() => randomUUID());
  const texts = many.flatMap((key, index) =>
    openssl.encryptMany({ key, place, rowIds: [rowIds[index] ?? ''], plaintexts: [`value ${index}`] }),
  );
  const packed = { place, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') };
  expectSame({ ...packed, keys: keySetOf(...many) });
  expectSame({ ...packed, keys: keySetOf(...many.slice(5, 20)) });
  expectSame({ ...packed, keys: keySetOf() });
});

test('a field longer than all of the room for texts does not stop the others', () => {
  const rowIds = Array.from({ length: 5 }, () => randomUUID());
  const plaintexts = ['a', 'b'.repeat(200_000), 'c', 'd'.repeat(90_000), 'e'];
  const texts = openssl.encryptMany({ key: keyOne, place, rowIds, plaintexts });
  const bulk = createKernelBatch(createNonceSource(), kernel);
  const packed = { place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') };
  expect(bulk.reencryptPacked(packed).renewed).toBe(5);
  expect(bulk.encryptMany({ key: keyOne, place, rowIds, plaintexts }).map((text) => text?.length)).toEqual(
    texts.map((text) => text?.length),
  );
});

test('text is encrypted as UTF-8, and half a surrogate pair is refused as OpenSSL path refuses it', () => {
  const { bulk, perValue } = bothPaths();
  const plaintexts = ['가나다', '', '🍜', '\uFEFFbom', 'é'.repeat(600), 'x'.repeat(1_024), '나'.repeat(341), null];
  const rowIds = plaintexts.map(() => randomUUID());
  const batch = { key: keyOne, place, rowIds };
  // The one value above 1,024 bytes takes its nonce at another time, so it is compared by length alone.
  const [texts, expected] = [
    bulk.encryptMany({ ...batch, plaintexts }),
    perValue.encryptMany({ ...batch, plaintexts }),
  ];
  expect(texts.map((text) => text?.length)).toEqual(expected.map((text) => text?.length));
  expect(
    openssl.reencryptPacked({ ...batch, keys, to: keyTwo, rowIds: rowIds.join(), texts: texts.join() }).renewed,
  ).toBe(7);
  const cut = plaintexts.with(3, 'half \ud83c');
  expect(() => bulk.encryptMany({ ...batch, plaintexts: cut })).toThrow(/surrogate/);
  const unbound = { ...batch, rowIds: rowIds.map((id, index) => (index === 2 ? 'no id' : id)), plaintexts };
  expect(() => bulk.encryptMany(unbound)).toThrow('a value cannot be bound to the row id "no id"');
});

test('ids and values of different number are refused, before anything is read', () => {
  const bulk = createKernelBatch(createNonceSource(), kernel);
  const packed = { place, keys, to: keyTwo };
  expect(() => bulk.encryptMany({ key: keyOne, place, rowIds: [], plaintexts: ['a'] })).toThrow(RangeError);
  expect(() => bulk.reencryptPacked({ ...packed, rowIds: 'a', texts: ',' })).toThrow(
    new RangeError('2 values for 1 row ids'),
  );
  expect(() => bulk.reencryptPacked({ ...packed, rowIds: ','.repeat(3_000), texts: '' })).toThrow(RangeError);
  expect(() => bulk.reencryptPacked({ ...packed, rowIds: '', texts: ','.repeat(3_000) })).toThrow(RangeError);
});

test('nothing of a value, of a key or of a keystream stays in the module', () => {
  const bulk = createKernelBatch(createNonceSource(), kernel);
  const rowIds = Array.from({ length: 300 }, () => randomUUID());
  const texts = bulk.encryptMany({
    key: keyOne,
    place,
    rowIds,
    plaintexts: rowIds.map(() => 'a very secret sentence'),
  });
  expect(kernel.memory.includes('secret')).toBe(false);
  bulk.reencryptPacked({ place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') });
  expect(kernel.memory.includes('secret')).toBe(false);
  const { STREAM, BODY, BODY_BYTES } = kernel.layout;
  expect(kernel.memory.subarray(STREAM, STREAM + 100_000).every((byte) => byte === 0)).toBe(true);
  expect(kernel.memory.subarray(BODY, BODY + BODY_BYTES).every((byte) => byte === 0)).toBe(true);
});

test('a module that refuses what OpenSSL decrypts is a fault of the module', () => {
  const broken = { ...kernel, calls: { ...kernel.calls, open: () => markAllRefused() } };
  const bulk = createKernelBatch(createNonceSource(), broken);
  const rowIds = [randomUUID()];
  const texts = openssl.encryptMany({ key: keyOne, place, rowIds, plaintexts: ['a'] });
  const packed = { place, keys, to: keyTwo, rowIds: rowIds.join(','), texts: texts.join(',') };
  expect(() => bulk.reencryptPacked(packed)).toThrow(KernelFault);
});

function markAllRefused(): void {
  kernel.words[kernel.layout.FIELD / 4] = -4;
}

/** Faults, which fields are renewed, and refusals are the same; texts under fresh nonces are compared by length. */
function expectSame(packed: PackedReencrypt): void {
  const { bulk, perValue } = bothPaths();
  const [actual, expected] = [
    outcomeOf(() => bulk.reencryptPacked(packed)),
    outcomeOf(() => perValue.reencryptPacked(packed)),
  ];
  expect(actual).toEqual(expected);
}

function outcomeOf(run: () => { texts: string; renewed: number; faults: unknown }): unknown {
  try {
    const { texts, renewed, faults } = run();
    return { heads: texts.split(',').map((text) => `${text.slice(0, 12)} ${text.length}`), renewed, faults };
  } catch (error) {
    return String(error);
  }
}

function sameTexts(one: readonly (string | null)[], other: readonly (string | null)[]): boolean {
  return one.join(',') === other.join(',');
}

function changed(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

function zeros(): string {
  return '00000000-0000-0000-0000-000000000000';
}
