import { createSecretKey, randomBytes, randomInt } from 'node:crypto';
import type { CipherBatch, PackedReencrypt } from '../batch.ts';
import type { CipherKey } from '../cipher-key.ts';
import { createNonceSource, NONCE_BYTES } from '../nonce.ts';
import type { NonceSource } from '../nonce.ts';

/** A batch over given nonces, so that two implementations can be held to the same bytes. */
export type BatchOver = (nonces: NonceSource) => CipherBatch;

/** NIST CAVP, gcmEncryptExtIV256.rsp, 256-bit key, 96-bit IV, 128-bit additional data and tag: first of PTlen 128 and 408. */
const CAVP = [
  {
    key: '92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b',
    iv: 'ac93a1a6145299bde902f21a',
    plaintext: '2d71bcfa914e4ac045b2aa60955fad24',
    aad: '1e0889016f67601c8ebea4943bc23ad6',
    body: '8995ae2e6df3dbf96fac7b7137bae67f',
    tag: 'eca5aa77d51d4a0a14d9c51e1da474ab',
  },
  {
    key: '5fe01c4baf01cbe07796d5aaef6ec1f45193a98a223594ae4f0ef4952e82e330',
    iv: 'bd587321566c7f1a5dd8652d',
    plaintext: '881dc6c7a5d4509f3c4bd2daab08f165ddc204489aa8134562a4eac3d0bcad7965847b102733bb63d1e5c598ece0c3e5dadddd',
    aad: '9013617817dda947e135ee6dd3653382',
    body: '16e375b4973b339d3f746c1c5a568bc7526e909ddff1e19c95c94a6ccff210c9a4a40679de5760c396ac0e2ceb1234f9f5fe26',
    tag: 'abd3d26d65a6275f7a4f56b422acab49',
  },
] as const;

const PLACE = { table: 'self', column: 'test' };
const VALUES = 200;
const LONGEST = 300;
const KID_BYTES = 6;
const ID_BYTES = 16;

/**
 * Runs a bulk implementation against published vectors, and against `reference` over random values of every kind: it has to
 * give the same bytes for the same nonces, and the same faults. Says what went wrong; undefined when nothing did.
 */
export function selfTest(bulk: BatchOver, reference: BatchOver): string | undefined {
  if (!CAVP.every((vector) => encrypts(bulk, vector))) return 'the self-test failed on a published test vector';
  const from = keyOf(randomBytes(32));
  const to = keyOf(randomBytes(32));
  // One draw for all: a draw costs as much as an encryption.
  const random = randomBytes(VALUES * (ID_BYTES + LONGEST));
  const rowIds = Array.from({ length: VALUES }, (_, index) =>
    random.toString('hex', index * ID_BYTES, (index + 1) * ID_BYTES),
  );
  const plaintexts = rowIds.map((_, index) => random.subarray(-(index + 1) * LONGEST).subarray(0, randomInt(LONGEST)));
  const nonces = randomBytes(VALUES * NONCE_BYTES);
  const encrypt = (over: BatchOver): string[] =>
    over(fixedNonces(nonces))
      .encryptMany({ key: from, place: PLACE, rowIds, plaintexts })
      .map((text) => text ?? '');
  const texts = encrypt(reference);
  if (encrypt(bulk).join() !== texts.join()) return 'the self-test encrypted to other bytes than OpenSSL';
  // Swapped and under the new key already: one to be refused, one to be left alone.
  texts[3] = texts[4] ?? '';
  texts[5] = `os1_${to.kid}`;
  const packed = {
    place: PLACE,
    rowIds: rowIds.join(','),
    texts: texts.join(','),
    keys: new Map([[from.kid, from]]),
    to,
  };
  if (outcome(bulk, packed, nonces) === outcome(reference, packed, nonces)) return undefined;
  return 'the self-test re-encrypted to other bytes than OpenSSL';
}

function outcome(over: BatchOver, packed: PackedReencrypt, nonces: Buffer): string {
  return JSON.stringify(over(fixedNonces(nonces)).reencryptPacked(packed));
}

function encrypts(over: BatchOver, { key, iv, plaintext, aad, body, tag }: (typeof CAVP)[number]): boolean {
  const cipherKey = keyOf(Buffer.from(key, 'hex'));
  const [text] = over(fixedNonces(Buffer.from(iv, 'hex'))).encryptMany({
    key: cipherKey,
    place: PLACE,
    rowIds: [aad],
    plaintexts: [Buffer.from(plaintext, 'hex')],
  });
  const bytes = Buffer.concat([cipherKey.kidBytes, Buffer.from(iv + body + tag, 'hex')]);
  return text === `os1_${bytes.toString('base64url')}`;
}

/** A key used as it is, without derivation: vectors and the test need no data key. */
function keyOf(bytes: Buffer): CipherKey {
  const subkey = createSecretKey(bytes);
  const kidBytes = randomBytes(KID_BYTES);
  return { kid: kidBytes.toString('base64url'), kidBytes, commitment: '', subkeyOf: () => subkey };
}

/** The given nonces in order, as often as the two implementations need them; for keys that are thrown away. */
function fixedNonces(nonces: Buffer): NonceSource {
  let next = 0;
  return createNonceSource((block) => {
    for (let at = 0; at < block.length; at += 1) block[at] = nonces[next++ % nonces.length] ?? 0;
  });
}
