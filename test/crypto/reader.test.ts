import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { encryptValue } from '../../src/crypto/value.ts';
import { keyOne, readCiphertextVectors } from './keys.ts';
import { readByPython } from './python-reader.ts';

const DATA_KEY = '11'.repeat(32);

test('a reader written from the format page alone, in Python without a library, decrypts what was encrypted here', (context) => {
  const place = { table: 'orders', column: 'items_encrypted', rowId: '0190a2b4-7c3e-7d51-8f00-112233445566' };
  const plaintext = JSON.stringify([{ menu: '비빔밥 🍚', quantity: 2 }]).repeat(5);
  const text = encryptValue({ key: keyOne, nonces: createNonceSource() }, place, plaintext);
  const stored = { ...place, text };
  expect(readByPython(context, stored, DATA_KEY)).toEqual({
    status: 0,
    output: Buffer.from(plaintext),
    complaint: '',
  });
  expect(readByPython(context, { ...stored, column: 'special_requests_encrypted' }, DATA_KEY)).toMatchObject({
    status: 1,
    complaint: expect.stringContaining('tag mismatch'),
  });
  expect(readByPython(context, stored, '22'.repeat(32))).toMatchObject({
    status: 1,
    complaint: expect.stringContaining('not a value of this key'),
  });
});

test('the reader agrees with every vector that decrypts', (context) => {
  const { keys, valid } = readCiphertextVectors();
  const outputs = valid.map(({ key, table, column, row_id: rowId, text }) =>
    readByPython(context, { table, column, rowId, text }, keys[key]?.data_key ?? '').output.toString('hex'),
  );
  expect(outputs).toEqual(valid.map(({ plaintext }) => plaintext));
});

test('the example of the format page is the first vector', () => {
  const page = readFileSync(new URL('../../docs/ciphertext.md', import.meta.url), 'utf8');
  const { keys, valid } = readCiphertextVectors();
  const [example] = valid;
  const facts = [
    keys['pii-v1']?.data_key,
    keys['pii-v1']?.kid,
    keys['pii-v1']?.commitment,
    example?.nonce,
    example?.body,
    example?.tag,
    example?.text,
  ];
  for (const fact of facts) expect(page).toContain(`\`${fact}\``);
});
