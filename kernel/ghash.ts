// GHASH (NIST SP 800-38D, 6.4) in constant time: no table and no branch depends on data. Carry-less multiplication is made of
// integer multiplications "with holes": of every operand only each fourth bit is kept, so that carries stay in the gaps
// (Thomas Pornin, BearSSL, ghash_ctmul64). The low half of a product comes from the operands, the high half from the operands
// with their bits reversed. A message of n blocks is the sum of block i times H^(n+1-i): products are added as they come and
// masked, recombined and reduced once.
import { LONGEST } from './memory';

const BLOCKS: i32 = LONGEST / 16 + 2; // one block of additional data, the body, one block of lengths
const ROW: usize = 8 * BLOCKS;
const POWER_ROW: usize = 32 * BLOCKS;

const M0: u64 = 0x1111111111111111;
const M1: u64 = 0x2222222222222222;
const M2: u64 = 0x4444444444444444;
const M3: u64 = 0x8888888888888888;

// Six rows each, for the three products of Karatsuba and the same reversed: low word, high word, their sum.
const WORDS: usize = memory.data(6 * 8 * BLOCKS, 16);
// The powers of H from the first on, every word as its four parts with holes.
const POWERS: usize = memory.data(6 * 32 * BLOCKS, 16);
const SUM: usize = memory.data(16, 16);
let blocks: i32 = 0;

/** Makes ready for messages of up to `count` blocks under the hash key at `h`. */
export function setKey(h: usize, count: i32): void {
  let power = v128.load(h);
  for (let i = 0; i < count; i++) {
    keepPower(i, power);
    begin();
    add(power);
    blocks = 1;
    power = sum();
  }
}

export function begin(): void {
  blocks = 0;
}

/** Adds the next block of the message. */
export function add(block: v128): void {
  const at = WORDS + 8 * blocks;
  const straight = v128.shuffle<u8>(block, block, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  const reversed = reverseInBytes(block);
  const high = v128.extract_lane<u64>(straight, 0);
  const low = v128.extract_lane<u64>(straight, 1);
  const highReversed = v128.extract_lane<u64>(reversed, 0);
  const lowReversed = v128.extract_lane<u64>(reversed, 1);
  store<u64>(at, low);
  store<u64>(at + ROW, high);
  store<u64>(at + 2 * ROW, low ^ high);
  store<u64>(at + 3 * ROW, lowReversed);
  store<u64>(at + 4 * ROW, highReversed);
  store<u64>(at + 5 * ROW, lowReversed ^ highReversed);
  blocks++;
}

/** The hash of the blocks added since `begin`. */
export function sum(): v128 {
  const low = product(0);
  const high = product(1);
  const lowUpper = product(3);
  const highUpper = product(4);
  const middle = product(2) ^ low ^ high;
  const middleUpper = product(5) ^ lowUpper ^ highUpper;
  return reduce(low, (reverse(lowUpper) >> 1) ^ middle, high ^ (reverse(middleUpper) >> 1), reverse(highUpper) >> 1);
}

/** Overwrites what depends on a key or a plaintext. */
export function wipeHash(): void {
  memory.fill(WORDS, 0, 6 * ROW);
  memory.fill(POWERS, 0, 6 * POWER_ROW);
  memory.fill(SUM, 0, 16);
}

function keepPower(index: i32, power: v128): void {
  begin();
  add(power);
  for (let row: usize = 0; row < 6; row++) {
    const word = load<u64>(WORDS + row * ROW);
    const at = POWERS + row * POWER_ROW + 32 * index;
    store<u64>(at, word & M0);
    store<u64>(at + 8, word & M1);
    store<u64>(at + 16, word & M2);
    store<u64>(at + 24, word & M3);
  }
}

/** The low 64 bits of the sum over all blocks of word times power, in one of the six rows. */
function product(row: usize): u64 {
  let word = WORDS + row * ROW;
  const end = word + 8 * blocks;
  let power = POWERS + row * POWER_ROW + 32 * (blocks - 1);
  let z0: u64 = 0;
  let z1: u64 = 0;
  let z2: u64 = 0;
  let z3: u64 = 0;
  while (word < end) {
    const x = load<u64>(word);
    const x0 = x & M0;
    const x1 = x & M1;
    const x2 = x & M2;
    const x3 = x & M3;
    const y0 = load<u64>(power);
    z0 ^= x0 * y0;
    z1 ^= x1 * y0;
    z2 ^= x2 * y0;
    z3 ^= x3 * y0;
    const y1 = load<u64>(power, 8);
    z0 ^= x3 * y1;
    z1 ^= x0 * y1;
    z2 ^= x1 * y1;
    z3 ^= x2 * y1;
    const y2 = load<u64>(power, 16);
    z0 ^= x2 * y2;
    z1 ^= x3 * y2;
    z2 ^= x0 * y2;
    z3 ^= x1 * y2;
    const y3 = load<u64>(power, 24);
    z0 ^= x1 * y3;
    z1 ^= x2 * y3;
    z2 ^= x3 * y3;
    z3 ^= x0 * y3;
    word += 8;
    power -= 32;
  }
  return (z0 & M0) | (z1 & M1) | (z2 & M2) | (z3 & M3);
}

/** 255 bits modulo x^128 + x^7 + x^2 + x + 1, in GCM's order of bits, as the 16 bytes of a block. */
function reduce(v0: u64, v1: u64, v2: u64, v3: u64): v128 {
  v3 = (v3 << 1) | (v2 >> 63);
  v2 = (v2 << 1) | (v1 >> 63);
  v1 = (v1 << 1) | (v0 >> 63);
  v0 = v0 << 1;
  v2 ^= v0 ^ (v0 >> 1) ^ (v0 >> 2) ^ (v0 >> 7);
  v1 ^= (v0 << 63) ^ (v0 << 62) ^ (v0 << 57);
  v3 ^= v1 ^ (v1 >> 1) ^ (v1 >> 2) ^ (v1 >> 7);
  v2 ^= (v1 << 63) ^ (v1 << 62) ^ (v1 << 57);
  const words = i64x2.replace_lane(i64x2.splat(v3), 1, v2);
  return v128.shuffle<u8>(words, words, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

function reverseInBytes(x: v128): v128 {
  x = swap(x, 1, i8x16.splat(0x55));
  x = swap(x, 2, i8x16.splat(0x33));
  return swap(x, 4, i8x16.splat(0x0f));
}

function swap(x: v128, by: i32, mask: v128): v128 {
  return v128.or(v128.and(v128.shr<u64>(x, by), mask), v128.shl<u64>(v128.and(x, mask), by));
}

function reverse(x: u64): u64 {
  return bswap<u64>(v128.extract_lane<u64>(reverseInBytes(i64x2.splat(x)), 0));
}
