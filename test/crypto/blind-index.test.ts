import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLIND_INDEX_PURPOSES, openBlindIndex } from '../../src/crypto/blind-index.ts';
import { canonicalEmail, canonicalIdentifier, canonicalIp } from '../../src/crypto/canonical.ts';
import { dataKeyOf } from './keys.ts';

const key = dataKeyOf('44'.repeat(32));

test('an index is 64 hex digits and depends on value, purpose and key', () => {
  const indexes = BLIND_INDEX_PURPOSES.flatMap((purpose) => [
    openBlindIndex(key, purpose)('192.0.2.1'),
    openBlindIndex(key, purpose)('192.0.2.2'),
    openBlindIndex(dataKeyOf('55'.repeat(32)), purpose)('192.0.2.1'),
  ]);
  expect(new Set(indexes).size).toBe(indexes.length);
  for (const index of indexes) expect(index).toMatch(/^[0-9a-f]{64}$/u);
});

test('one address has one index however it is written', () => {
  const email = openBlindIndex(key, 'email');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      fc.pre(text.trim() !== '');
      expect(email(` ${text}\n`)).toBe(email(text));
      expect(email(text.normalize('NFD'))).toBe(email(text));
    }),
  );
});

test('a canonical value is its own canonical value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      fc.pre(text.trim() !== '');
      expect(canonicalEmail(canonicalEmail(text))).toBe(canonicalEmail(text));
      expect(canonicalIdentifier(canonicalIdentifier(text))).toBe(canonicalIdentifier(text));
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      (address) => canonicalIp(canonicalIp(address)) === canonicalIp(address),
    ),
  );
});

test('case means something in identifiers of other systems', () => {
  const index = openBlindIndex(key, 'external_id');
  expect(index('toss_A')).not.toBe(index('toss_a'));
});
