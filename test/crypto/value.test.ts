import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { kidOf, parseCiphertext } from '../../src/crypto/ciphertext.ts';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decryptValue, encryptValue, openValue, textOf } from '../../src/crypto/value.ts';
import { keyOne, keySetOf, keyTwo } from './keys.ts';

const nonces = createNonceSource();
const keys = keySetOf(keyOne, keyTwo);
const place = { table: 'users', column: 'email_encrypted', rowId: '0190a2b4-7c3e-7d51-8f00-112233445566' };
const bytes = fc.uint8Array({ maxLength: 400 });
const rowId = fc.uuid();
const unicode = fc.string({ unit: 'binary', maxLength: 200 });
const FAULTS = new Set(['empty', 'not_ours', 'unknown_version', 'malformed', 'truncated']);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

test('any bytes come back, for any row', () => {
  fc.assert(
    fc.property(bytes, rowId, (plaintext, id) => {
      const text = encryptValue({ key: keyOne, nonces: nonces }, { ...place, rowId: id }, plaintext);
      const opened = decryptValue(keys, { ...place, rowId: id }, text).expose();
      expect(opened.equals(plaintext)).toBe(true);
      expect(text).toMatch(/^os1_[\w-]{46,}$/u);
      expect(kidOf(text)).toBe(keyOne.kid);
    }),
    { numRuns: 1_000 },
  );
});

test('any Unicode text comes back, also U+FEFF, U+0000 and unassigned code points', () => {
  fc.assert(fc.property(unicode, roundTrip), { numRuns: 1_000 });
  for (const text of ['', '\u0000', '\uFEFFa', '김민지 👩‍👩‍👧', '\u{10FFFF}', 'e\u0301', '\r\n'])
    expect(roundTrip(text)).toBe(true);
});

test('text with half a surrogate pair is refused, not silently changed', () => {
  for (const text of ['\uD800', 'a\uDC00b', '\uDC00\uD800']) {
    expect(() => encryptValue({ key: keyOne, nonces: nonces }, place, text)).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  }
});

test('equal values never give equal texts', () => {
  const texts = new Set(
    Array.from({ length: 20_000 }, () => encryptValue({ key: keyOne, nonces: nonces }, place, 'same')),
  );
  expect(texts.size).toBe(20_000);
  expect(new Set([...texts].map((text) => text.slice(12, 28))).size).toBe(20_000);
});

test('a text that was changed in any way never decrypts', () => {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'insert', 'delete', 'swap', 'cut', 'double'),
    character: fc.string({ minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(bytes, fc.array(edit, { minLength: 1, maxLength: 4 }), (plaintext, edits) => {
      const text = encryptValue({ key: keyOne, nonces: nonces }, place, plaintext);
      const mutated = edits.reduce(applyEdit, text);
      fc.pre(mutated !== text);
      expect(openValue(keys, place, mutated).ok).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});

test('every single character, replaced by every other of the alphabet, is noticed', () => {
  const text = encryptValue({ key: keyOne, nonces: nonces }, place, 'minji@example.com!');
  const mutations = text
    .split('')
    .flatMap((_, at) => ALPHABET.split('').map((character) => text.slice(0, at) + character + text.slice(at + 1)));
  const accepted = mutations.filter((mutated) => mutated !== text && openValue(keys, place, mutated).ok);
  expect(mutations).toHaveLength(text.length * 64);
  expect(accepted).toEqual([]);
});

test('a value does not decrypt under another key, table, column or row', () => {
  fc.assert(
    fc.property(bytes, rowId, rowId, (plaintext, here, there) => {
      fc.pre(here.toLowerCase() !== there.toLowerCase());
      const at = { ...place, rowId: here };
      const text = encryptValue({ key: keyOne, nonces: nonces }, at, plaintext);
      const moved = [
        { ...at, rowId: there },
        { ...at, table: 'restaurants' },
        { ...at, column: 'phone_encrypted' },
      ];
      const pasted = `os1_${keyTwo.kid}${text.slice(12)}`;
      expect(moved.map((elsewhere) => openValue(keys, elsewhere, text))).toEqual(
        moved.map(() => ({ ok: false, fault: 'tag_mismatch' })),
      );
      expect(openValue(keys, at, pasted)).toEqual({ ok: false, fault: 'tag_mismatch' });
      expect(openValue(keySetOf(keyTwo), at, text)).toEqual({ ok: false, fault: 'unknown_key' });
    }),
  );
});

test('a UUID binds the same in upper and lower case; a trace id is 32 hex digits; other ids are refused', () => {
  const text = encryptValue({ key: keyOne, nonces: nonces }, { ...place, rowId: place.rowId.toUpperCase() }, 'x');
  expect(openValue(keys, place, text).ok).toBe(true);
  const trace = { ...place, rowId: '4bf92f3577b34da6a3ce929d0e0e4736' };
  expect(openValue(keys, trace, encryptValue({ key: keyOne, nonces: nonces }, trace, 'x')).ok).toBe(true);
  for (const id of ['', '7', 'not-a-uuid', `${trace.rowId}0`, `{${place.rowId}}`, ` ${place.rowId}`]) {
    expect(() => encryptValue({ key: keyOne, nonces: nonces }, { ...place, rowId: id }, 'x')).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  }
});

test('a failure names place and reason, and never content', () => {
  const text = encryptValue({ key: keyOne, nonces: nonces }, place, 'very secret words');
  const elsewhere = { ...place, column: 'phone_encrypted' };
  const attempt = () => decryptValue(keys, elsewhere, text);
  expect(attempt).toThrow(
    'cannot decrypt users.phone_encrypted of row 0190a2b4-7c3e-7d51-8f00-112233445566: it was changed, or belongs to another row, column or table',
  );
  expect(attempt).toThrow(
    expect.objectContaining({
      code: 'decrypt_failed',
      details: { facts: { reason: 'tag_mismatch', table: 'users', column: 'phone_encrypted', row_id: place.rowId } },
    }),
  );
  expect(() => decryptValue(keys, place, 'plain words in a column')).toThrow(
    /^cannot decrypt users.email_encrypted of row [\w-]+: it is not a ciphertext of this program$/u,
  );
});

test('bytes that are not UTF-8 are not passed off as text', () => {
  expect(() => textOf(new Secret('plaintext', Buffer.from([0xff, 0xfe])))).toThrow(
    expect.objectContaining({ code: 'decrypt_failed' }),
  );
});

test('any text at all is either taken apart or named as what it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        unicode,
        fc.string({ unit: fc.constantFrom(...ALPHABET.split('')) }).map((tail) => `os1_${tail}`),
      ),
      (text) => {
        const parsed = parseCiphertext(text);
        const fault = typeof parsed === 'string' ? parsed : undefined;
        const whole = typeof parsed === 'object' && parsed.tag.length === 16 && kidOf(text) === parsed.kid;
        expect(whole || FAULTS.has(fault ?? '')).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

function roundTrip(text: string): boolean {
  return textOf(decryptValue(keys, place, encryptValue({ key: keyOne, nonces: nonces }, place, text))) === text;
}

function applyEdit(text: string, { at, kind, character }: { at: number; kind: string; character: string }): string {
  const index = at % (text.length + 1);
  const rest = text.slice(index + 1);
  if (kind === 'replace') return text.slice(0, index) + character + rest;
  if (kind === 'insert') return text.slice(0, index) + character + text.slice(index);
  if (kind === 'delete') return text.slice(0, index) + rest;
  if (kind === 'cut') return text.slice(0, index);
  if (kind === 'double') return text + text.slice(index);
  return text.slice(0, index) + text.slice(index + 1, index + 2) + text.slice(index, index + 1) + text.slice(index + 2);
}
