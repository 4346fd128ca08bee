import { readFileSync } from 'node:fs';
import { openCipherKey } from '../../src/crypto/cipher-key.ts';
import type { CipherKey, KeySet } from '../../src/crypto/cipher-key.ts';
import { Secret } from '../../src/crypto/secret.ts';
import type { DataKey } from '../../src/crypto/secret.ts';
import type { DecryptFault } from '../../src/crypto/value.ts';

export interface Vectors {
  readonly keys: Readonly<
    Record<string, { data_key: string; kid: string; commitment: string; subkey_users_email_encrypted: string }>
  >;
  readonly valid: readonly (PlaceOfVector & {
    key: string;
    nonce: string;
    plaintext: string;
    body: string;
    tag: string;
  })[];
  readonly invalid: readonly (PlaceOfVector & { fault: DecryptFault; keys: readonly string[] })[];
}

interface PlaceOfVector {
  readonly name: string;
  readonly table: string;
  readonly column: string;
  readonly row_id: string;
  readonly text: string;
}

export interface IndexVectors {
  readonly index_key: string;
  readonly cases: readonly {
    purpose: 'email' | 'ip' | 'external_id' | 'rate_limit';
    value: string;
    canonical: string;
    index: string;
  }[];
  readonly refused: readonly { purpose: 'email' | 'ip' | 'external_id' | 'rate_limit'; value: string }[];
}

/** Trusted JSON: vectors.test.ts asserts what it holds. */
export function readCiphertextVectors(): Vectors {
  return JSON.parse(readVectors('ciphertext.json')) as Vectors;
}

export function readIndexVectors(): IndexVectors {
  return JSON.parse(readVectors('blind-index.json')) as IndexVectors;
}

function readVectors(file: string): string {
  return readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8');
}

export function dataKeyOf(hex: string): DataKey {
  return new Secret('data key', Buffer.from(hex, 'hex'));
}

export function keySetOf(...keys: readonly CipherKey[]): KeySet {
  return new Map(keys.map((key) => [key.kid, key]));
}

export const keyOne = openCipherKey(dataKeyOf('11'.repeat(32)));
export const keyTwo = openCipherKey(dataKeyOf('22'.repeat(32)));
