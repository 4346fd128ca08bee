import { expect, test } from 'vitest';
import { createNonceSource, judgeNonceUse, NONCE_BYTES, NONCE_LIMIT, takeNonces } from '../../src/crypto/nonce.ts';

test('half a million nonces of two sources are all different and 12 bytes long', () => {
  const sources = [createNonceSource(), createNonceSource()];
  const seen = new Set<string>();
  for (let count = 0; count < 250_000; count += 1) for (const next of sources) seen.add(next().toString('latin1'));
  expect(seen.size).toBe(500_000);
  expect(new Set([...seen].map((nonce) => nonce.length))).toEqual(new Set([NONCE_BYTES]));
});

test('every byte drawn from the generator is used once, in order, and never changes afterwards', () => {
  let counter = 0;
  const drawn: Buffer[] = [];
  const next = createNonceSource((block) => {
    for (let offset = 0; offset < block.length; offset += 4) block.writeUInt32BE(counter++, offset);
    drawn.push(block);
  });
  const nonces = Array.from({ length: 1_000 }, () => next());
  const expected = Buffer.concat(drawn).subarray(0, 1_000 * NONCE_BYTES);
  expect(Buffer.concat(nonces).equals(expected)).toBe(true);
  expect(drawn.length).toBe(3);
});

test('many at once are drawn for that purpose, and are none of those handed out one by one', () => {
  const source = createNonceSource();
  const nonces = [source(), takeNonces(source, 5_000), source(), takeNonces(source, 0)];
  const all = Buffer.concat(nonces);
  expect(all.length).toBe(5_002 * NONCE_BYTES);
  const seen = Array.from({ length: 5_002 }, (_, index) =>
    all.toString('hex', index * NONCE_BYTES, (index + 1) * NONCE_BYTES),
  );
  expect(new Set(seen).size).toBe(5_002);
});

test('a source that knows only single nonces is asked for each', () => {
  let asked = 0;
  const nonces = takeNonces(() => Buffer.alloc(NONCE_BYTES, asked++), 3);
  expect(nonces.toString('hex')).toBe(['00', '01', '02'].map((byte) => byte.repeat(NONCE_BYTES)).join(''));
});

test('a generator that fails hands out no nonce', () => {
  const next = createNonceSource(() => {
    throw new Error('no entropy');
  });
  expect(next).toThrow('no entropy');
  expect(next).toThrow('no entropy');
});

test('the budget of a subkey warns at 2^31 and ends at 2^32', () => {
  expect(NONCE_LIMIT).toBe(4_294_967_296n);
  expect([0n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n].map(judgeNonceUse)).toEqual([
    'ok',
    'ok',
    'warning',
    'warning',
    'exhausted',
  ]);
});
