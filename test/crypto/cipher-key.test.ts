import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCipherKey } from '../../src/crypto/cipher-key.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { dataKeyOf, keyOne } from './keys.ts';

test('a subkey is derived once and belongs to one table and column', () => {
  const email = { table: 'users', column: 'email_encrypted' };
  expect(keyOne.subkeyOf(email)).toBe(keyOne.subkeyOf({ ...email }));
  const names = fc.tuple(fc.string(), fc.string());
  const usable = names.filter(([table, column]) => table !== '' && column !== '' && !`${table}${column}`.includes('|'));
  fc.assert(
    fc.property(usable, usable, (one, two) => {
      const [a, b] = [one, two].map(([table, column]) => keyOne.subkeyOf({ table, column }));
      return a === b || one.join('|') !== two.join('|');
    }),
  );
});

test.each([
  { table: 'users|email', column: 'x' },
  { table: 'users', column: 'email|x' },
  { table: '', column: 'x' },
  { table: 'users', column: '' },
])('no subkey is derived for $table / $column', (place) => {
  expect(() => keyOne.subkeyOf(place)).toThrow(expect.objectContaining({ code: 'usage' }));
});

test('a key that is not the stored one is refused before it is used', () => {
  const { kid, commitment } = keyOne;
  expect(openCipherKey(dataKeyOf('11'.repeat(32)), { kid, commitment }).kid).toBe(kid);
  const wrong = [
    { kid, commitment: `00${commitment.slice(2)}` },
    { kid: 'AAAAAAAA', commitment },
    { kid, commitment: '' },
  ];
  for (const expected of wrong) {
    const open = () => openCipherKey(dataKeyOf('11'.repeat(32)), expected);
    expect(open).toThrow(
      expect.objectContaining({
        code: 'decrypt_failed',
        details: expect.objectContaining({ facts: expect.objectContaining({ reason: 'commitment_mismatch' }) }),
      }),
    );
  }
});

test.each([0, 16, 31, 33])('a key of %i bytes is refused', (length) => {
  expect(() => openCipherKey(new Secret('data key', randomBytes(length)))).toThrow(
    `a data key has ${length} bytes instead of 32`,
  );
});

test('once its data key is destroyed, a cipher key derives nothing new', () => {
  const dataKey = dataKeyOf('33'.repeat(32));
  const key = openCipherKey(dataKey);
  dataKey.destroy();
  expect(() => key.subkeyOf({ table: 'users', column: 'email_encrypted' })).toThrow('already destroyed');
});

test('inspecting a cipher key shows no key bytes', () => {
  const key = openCipherKey(dataKeyOf('ab'.repeat(32)));
  const subkey = key.subkeyOf({ table: 'users', column: 'email_encrypted' });
  const shown = inspect({ key, subkey }, { depth: 9, showHidden: true });
  expect(shown).not.toMatch(/(?:ab ?){8}/u);
  expect(shown).not.toContain(subkey.export().toString('hex').slice(0, 16));
});
