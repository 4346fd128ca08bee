import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileKernel } from '../../../scripts/build-kernel.js';
import { createKernelBatch } from '../../../src/crypto/kernel/batch.ts';
import { keySetOf } from '../keys.ts';
import { kernel, onlyNonce, place, rawKey } from './support.ts';

interface Vector {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  /** Absent when the tag of a vector is wrong and its plaintext unknown. */
  readonly plaintext?: string;
  readonly body: string;
  readonly tag: string;
  readonly valid: boolean;
}

/** The kernel's additional data is always 16 bytes; its GHASH knows no such limit, so every vector is put to that. */
const GHASH_ALONE = `
  import { add, begin, setKey, sum } from './ghash';
  export const INPUT: usize = memory.data(2048, 16);
  export function ghash(blocks: i32): void {
    setKey(INPUT, blocks);
    begin();
    for (let i = 1; i <= blocks; i++) add(v128.load(INPUT + 16 * i));
    v128.store(INPUT, sum());
  }`;

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};
let ghash: (blocks: Buffer, hashKey: Buffer) => Buffer;

beforeAll(async () => {
  const module = new WebAssembly.Module(await compileKernel(GHASH_ALONE));
  const { exports } = new WebAssembly.Instance(module);
  const alone = exports as {
    memory: { buffer: ArrayBuffer };
    INPUT: { value: number };
    ghash: (blocks: number) => void;
  };
  ghash = (blocks, hashKey) => {
    const input = Buffer.from(alone.memory.buffer, alone.INPUT.value, 2_048);
    hashKey.copy(input);
    blocks.copy(input, 16);
    alone.ghash(blocks.length / 16);
    return Buffer.from(input.subarray(0, 16));
  };
}, 300_000);

describe.each(['cavp-gcm.json', 'wycheproof-gcm.json'])('%s', (file) => {
  const { vectors } = JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as {
    vectors: readonly Vector[];
  };

  test('holds vectors, both to be accepted and to be refused', () => {
    expect(vectors.filter(({ valid }) => valid).length).toBeGreaterThan(15);
    expect(vectors.filter(({ valid }) => !valid).length).toBeGreaterThan(1);
  });

  test('node:crypto agrees with every vector', () => {
    for (const vector of vectors) expect([vector, opensslAccepts(vector)]).toEqual([vector, vector.valid]);
  });

  test("the kernel's GHASH gives the tag of every valid vector and of no other", () => {
    for (const vector of vectors) {
      expect([vector, tagOf(vector) === vector.tag]).toEqual([vector, vector.valid]);
    }
  });

  test('the whole kernel gives the bytes of every vector with 16 bytes of additional data, and takes them back', () => {
    const ours = vectors.filter(({ aad, valid }) => aad.length === 32 && valid);
    expect(ours.length).toBeGreaterThan(0);
    for (const vector of ours) expectBothWays(vector);
  });
});

function expectBothWays({ key, iv, aad, plaintext = '', body, tag }: Vector): void {
  const bulk = createKernelBatch(onlyNonce(Buffer.from(iv, 'hex')), kernel);
  const from = rawKey(Buffer.from(key, 'hex'));
  const expected = Buffer.concat([from.kidBytes, Buffer.from(iv + body + tag, 'hex')]);
  const plaintexts = [Buffer.from(plaintext, 'hex')];
  expect(bulk.encryptMany({ key: from, place, rowIds: [aad], plaintexts })).toEqual([
    `os1_${expected.toString('base64url')}`,
  ]);
  const to = rawKey(Buffer.from(key, 'hex'));
  const packed = { place, rowIds: aad, texts: `os1_${expected.toString('base64url')}`, keys: keySetOf(from), to };
  const renewed = Buffer.concat([to.kidBytes, Buffer.from(iv + body + tag, 'hex')]);
  expect(bulk.reencryptPacked(packed).texts).toBe(`os1_${renewed.toString('base64url')}`);
}

function opensslAccepts({ key, iv, aad, plaintext, body, tag }: Vector): boolean {
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), Buffer.from(iv, 'hex'), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(aad, 'hex')).setAuthTag(Buffer.from(tag, 'hex'));
  const opened = decipher.update(body, 'hex', 'hex');
  try {
    decipher.final();
  } catch {
    // The tag; Node gives that error no code.
    return false;
  }
  return opened === plaintext;
}

/** GCM's tag with AES by OpenSSL and GHASH by the kernel. */
function tagOf({ key, iv, aad, body }: Vector): string {
  const cipher = createCipheriv('aes-256-ecb', Buffer.from(key, 'hex'), null).setAutoPadding(false);
  const hashKey = cipher.update(Buffer.alloc(16));
  const mask = cipher.update(Buffer.from(`${iv}00000001`, 'hex'));
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(aad.length * 4));
  lengths.writeBigUInt64BE(BigInt(body.length * 4), 8);
  const hash = ghash(Buffer.concat([padded(aad), padded(body), lengths]), hashKey);
  return Buffer.from(hash.map((byte, index) => byte ^ (mask[index] ?? 0))).toString('hex');
}

function padded(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 15)]);
}
