// The bulk path over OpenSSL value by value, both with the checks they have in use: CPU of 1,000 values of one column, so that
// the milliseconds printed are microseconds per value.
import { randomBytes, randomUUID } from 'node:crypto';
import { createCipherBatch } from '../dist/crypto/cipher-batch.js';
import { openCipherKey } from '../dist/crypto/cipher-key.js';
import { createNonceSource } from '../dist/crypto/nonce.js';
import { Secret } from '../dist/crypto/secret.js';
import { interleave, printVerdicts, ratio } from './measure.js';

const VALUES = 1_000;
/** Lengths in bytes, and how many times faster the bulk path must be. GHASH on long values is what it does slower. */
const BOUNDS = { 32: 8, 60: 8, 400: 3, 1_000: 1.5 };
const PATHS = { openssl: batchOf('openssl'), kernel: batchOf('auto') };
const place = { table: 'users', column: 'email_encrypted' };
const [from, to] = [1, 2].map((byte) => openCipherKey(new Secret('data key', Buffer.alloc(32, byte))));

export async function kernel() {
  const verdicts = [];
  for (const [length, bound] of Object.entries(BOUNDS)) verdicts.push(...(await compare(Number(length), bound)));
  return verdicts;
}

async function compare(length, bound) {
  const rowIds = Array.from({ length: VALUES }, () => randomUUID());
  const plaintexts = rowIds.map(() => randomBytes(length).toString('hex').slice(0, length));
  const texts = PATHS.openssl.encryptMany({ key: from, place, rowIds, plaintexts }).join(',');
  const packed = { place, rowIds: rowIds.join(','), texts, keys: new Map([[from.kid, from]]), to };
  const sides = {};
  for (const [name, path] of Object.entries(PATHS)) {
    sides[`encrypt ${length} B, ${name}`] = cpuOf(
      () => path.encryptMany({ key: from, place, rowIds, plaintexts }).length,
    );
    sides[`re-encrypt ${length} B, ${name}`] = cpuOf(() => path.reencryptPacked(packed).renewed);
  }
  const taken = await interleave(sides);
  const verdicts = ['encrypt', 're-encrypt'].map((what) =>
    ratio(taken, `${what} ${length} B, openssl`, `${what} ${length} B, kernel`, { bound, atMost: false }),
  );
  printVerdicts(`${length} bytes, CPU of ${VALUES} values`, verdicts, taken);
  return verdicts;
}

/** Repeated until a tenth of a second of CPU is spent, to lift it above the clock's grain. */
function cpuOf(run) {
  return async () => {
    const before = process.cpuUsage();
    let repeats = 0;
    let spent = 0;
    while (spent < 0.1) {
      if (run() !== VALUES) throw new Error('not every value was taken');
      repeats += 1;
      const { user, system } = process.cpuUsage(before);
      spent = (user + system) / 1e6;
    }
    return spent / repeats;
  };
}

function batchOf(choice) {
  return createCipherBatch({ nonces: createNonceSource(), choice, onFallback: refuse });
}

function refuse(reason) {
  throw new Error(`fell back: ${reason}`);
}
