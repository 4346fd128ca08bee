import { describe, expect, test } from 'vitest';
import { openBlindIndex } from '../../src/crypto/blind-index.ts';
import { canonicalEmail, canonicalIdentifier, canonicalIp, canonicalRateLimit } from '../../src/crypto/canonical.ts';
import { openCipherKey } from '../../src/crypto/cipher-key.ts';
import { encryptValue, openValue } from '../../src/crypto/value.ts';
import { dataKeyOf, keySetOf, readCiphertextVectors, readIndexVectors } from './keys.ts';

const vectors = readCiphertextVectors();
const indexes = readIndexVectors();
const keys = new Map(Object.entries(vectors.keys).map(([name, key]) => [name, openCipherKey(dataKeyOf(key.data_key))]));
const canonical = {
  email: canonicalEmail,
  ip: canonicalIp,
  external_id: canonicalIdentifier,
  rate_limit: canonicalRateLimit,
};

describe('ciphertext vectors', () => {
  test('are all there', () => {
    expect(vectors.valid).toHaveLength(14);
    expect(vectors.invalid).toHaveLength(39);
    expect(new Set(vectors.invalid.map((vector) => vector.fault))).toEqual(
      new Set([
        'empty',
        'not_ours',
        'unknown_version',
        'malformed',
        'truncated',
        'unknown_key',
        'bad_row_id',
        'tag_mismatch',
      ]),
    );
  });

  test.each(Object.entries(vectors.keys))('key %s derives its kid, commitment and subkey', (name, expected) => {
    const key = keys.get(name);
    expect(key?.kid).toBe(expected.kid);
    expect(key?.commitment).toBe(expected.commitment);
    const subkey = key?.subkeyOf({ table: 'users', column: 'email_encrypted' });
    expect(subkey?.export().toString('hex')).toBe(expected.subkey_users_email_encrypted);
  });

  test.each(vectors.valid)('$name: decrypts, and encrypts to the same text', (vector) => {
    const key = keys.get(vector.key);
    if (key === undefined) throw new Error(`no key ${vector.key}`);
    const place = { table: vector.table, column: vector.column, rowId: vector.row_id };
    const plaintext = Buffer.from(vector.plaintext, 'hex');
    expect(openValue(keySetOf(key), place, vector.text)).toEqual({ ok: true, plaintext });
    expect(encryptValue({ key: key, nonces: () => Buffer.from(vector.nonce, 'hex') }, place, plaintext)).toBe(
      vector.text,
    );
  });

  test.each(vectors.invalid)('$name: fails with $fault', (vector) => {
    const held = keySetOf(...vector.keys.flatMap((name) => keys.get(name) ?? []));
    const place = { table: vector.table, column: vector.column, rowId: vector.row_id };
    expect(openValue(held, place, vector.text)).toEqual({ ok: false, fault: vector.fault });
  });
});

describe('blind index vectors', () => {
  test('are all there', () => {
    expect([indexes.cases.length, indexes.refused.length]).toEqual([18, 14]);
  });

  test.each(indexes.cases)('$purpose of "$value"', ({ purpose, value, canonical: spelling, index }) => {
    expect(canonical[purpose](value)).toBe(spelling);
    expect(openBlindIndex(dataKeyOf(indexes.index_key), purpose)(value)).toBe(index);
  });

  test.each(indexes.refused)('$purpose refuses "$value"', ({ purpose, value }) => {
    expect(() => openBlindIndex(dataKeyOf(indexes.index_key), purpose)(value)).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});
