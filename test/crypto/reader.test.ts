import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { expect, test } from 'vitest';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import { encryptValue } from '../../src/crypto/value.ts';
import { outside } from '../support/outside.ts';
import { keyOne, readCiphertextVectors } from './keys.ts';

const SCRIPT = fileURLToPath(new URL('../vectors/read_ciphertext.py', import.meta.url));
const DATA_KEY = '11'.repeat(32);

function read(
  context: TestContext,
  place: { table: string; column: string; rowId: string },
  key: string,
  text: string,
) {
  const run = spawnSync(outside('python3', context), [SCRIPT, place.table, place.column, place.rowId], {
    input: `${key}\n${text}\n`,
  });
  return { status: run.status, output: run.stdout, complaint: run.stderr.toString('utf8') };
}

test('a reader written from the format page alone, in Python without a library, decrypts what was encrypted here', (context) => {
  const place = { table: 'orders', column: 'items_encrypted', rowId: '0190a2b4-7c3e-7d51-8f00-112233445566' };
  const plaintext = JSON.stringify([{ menu: '비빔밥 🍚', quantity: 2 }]).repeat(5);
  const text = encryptValue({ key: keyOne, nonces: createNonceSource() }, place, plaintext);
  expect(read(context, place, DATA_KEY, text)).toEqual({ status: 0, output: Buffer.from(plaintext), complaint: '' });
  expect(read(context, { ...place, column: 'special_requests_encrypted' }, DATA_KEY, text)).toMatchObject({
    status: 1,
    complaint: expect.stringContaining('tag mismatch'),
  });
  expect(read(context, place, '22'.repeat(32), text)).toMatchObject({
    status: 1,
    complaint: expect.stringContaining('not a value of this key'),
  });
});

test('the reader agrees with every vector that decrypts', (context) => {
  const { keys, valid } = readCiphertextVectors();
  const outputs = valid.map(({ key, table, column, row_id: rowId, text }) =>
    read(context, { table, column, rowId }, keys[key]?.data_key ?? '', text).output.toString('hex'),
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
