// Ciphertexts and row ids as text. All of it is public; the tables say nothing about a key or a plaintext.

// What a character adds to the three bytes it stands in, for each of its four places; INVALID for any other character.
const DECODE: usize = memory.data(4 * 4 * 256, 16);
// Two characters for every 12 bits.
const ENCODE: usize = memory.data(2 * 4096, 16);
// The value of a hex digit, HEX_INVALID for any other character.
const HEX: usize = memory.data(256, 16);
const ALPHABET: usize = memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99,
  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 48,
  49, 50, 51, 52, 53, 54, 55, 56, 57, 45, 95,
]);
const INVALID: u32 = 0x80000000;
const HEX_INVALID: u8 = 0x80;
const COMMA: i32 = 44;
const HYPHEN: i32 = 45;

/** Fills the tables. */
export function fillTables(): void {
  for (let c: usize = 0; c < 1024; c++) store<u32>(DECODE + 4 * c, INVALID);
  for (let v: u32 = 0; v < 64; v++) {
    const at = DECODE + 4 * load<u8>(ALPHABET + v);
    store<u32>(at, v << 2);
    store<u32>(at, (v >> 4) | ((v & 15) << 12), 1024);
    store<u32>(at, ((v >> 2) << 8) | ((v & 3) << 22), 2048);
    store<u32>(at, v << 16, 3072);
  }
  for (let n: usize = 0; n < 4096; n++) {
    store<u8>(ENCODE + 2 * n, load<u8>(ALPHABET + (n >> 6)));
    store<u8>(ENCODE + 2 * n, load<u8>(ALPHABET + (n & 63)), 1);
  }
  memory.fill(HEX, HEX_INVALID, 256);
  for (let v: u8 = 0; v < 10; v++) store<u8>(HEX + 48 + v, v);
  for (let v: u8 = 10; v < 16; v++) {
    store<u8>(HEX + 55 + v, v);
    store<u8>(HEX + 87 + v, v);
  }
}

/** The next comma at or after `at`; there is one. */
export function nextComma(at: usize): usize {
  const comma = i8x16.splat(COMMA as i8);
  let found = i8x16.bitmask(i8x16.eq(v128.load(at), comma));
  while (found == 0) {
    at += 16;
    found = i8x16.bitmask(i8x16.eq(v128.load(at), comma));
  }
  return at + ctz(found);
}

/**
 * Decodes base64url without padding to `to`; writes up to 3 bytes too many. False when it is not the canonical encoding:
 * another character, a length of 4k + 1, or bits set that belong to no byte.
 */
export function decode(from: usize, length: i32, to: usize): bool {
  let bad: u32 = 0;
  const whole = from + (length & ~3);
  while (from < whole) {
    const group = place(from, 0) | place(from, 1) | place(from, 2) | place(from, 3);
    bad |= group;
    store<u32>(to, group);
    from += 4;
    to += 3;
  }
  const rest = length & 3;
  if (rest == 0) return bad < INVALID;
  if (rest == 1) return false;
  let group = place(from, 0) | place(from, 1);
  if (rest == 3) group |= place(from, 2);
  store<u32>(to, group);
  return bad < INVALID && group >> (8 * (rest - 1)) == 0;
}

/** Encodes `length` bytes as base64url without padding; returns the end. Reads and writes up to 3 bytes too many. */
export function encode(from: usize, length: i32, to: usize): usize {
  const whole = from + (length - (length % 3));
  while (from < whole) {
    store<u32>(to, group(from));
    from += 3;
    to += 4;
  }
  const rest = length % 3;
  if (rest == 0) return to;
  store<u32>(to, rest == 1 ? pair((load<u8>(from) as u32) << 4) : groupOfTwo(from));
  return to + rest + 1;
}

/** A UUID, or 32 hex digits, as 16 bytes. */
export function rowId(from: usize, length: i32, to: usize): bool {
  if (length == 32) return hex(from, 16, to) < HEX_INVALID;
  if (length != 36) return false;
  const hyphens = load<u8>(from, 8) == HYPHEN && load<u8>(from, 13) == HYPHEN;
  if (!hyphens || load<u8>(from, 18) != HYPHEN || load<u8>(from, 23) != HYPHEN) return false;
  const head = hex(from, 4, to) | hex(from + 9, 2, to + 4) | hex(from + 14, 2, to + 6);
  return (head | hex(from + 19, 2, to + 8) | hex(from + 24, 6, to + 10)) < HEX_INVALID;
}

function place(from: usize, index: usize): u32 {
  return load<u32>(DECODE + 1024 * index + 4 * (load<u8>(from + index) as usize));
}

function group(from: usize): u32 {
  const bits = ((load<u8>(from) as u32) << 16) | ((load<u8>(from, 1) as u32) << 8) | (load<u8>(from, 2) as u32);
  return pair(bits >> 12) | (pair(bits & 4095) << 16);
}

function groupOfTwo(from: usize): u32 {
  const bits = ((load<u8>(from) as u32) << 16) | ((load<u8>(from, 1) as u32) << 8);
  return pair(bits >> 12) | (pair(bits & 4095) << 16);
}

function pair(bits: u32): u32 {
  return load<u16>(ENCODE + 2 * bits) as u32;
}

function hex(from: usize, bytes: i32, to: usize): u8 {
  let bad: u8 = 0;
  for (let i = 0; i < bytes; i++) {
    const high = load<u8>(HEX + (load<u8>(from + 2 * i) as usize));
    const low = load<u8>(HEX + (load<u8>(from + 2 * i, 1) as usize));
    bad |= high | low;
    store<u8>(to + i, (high << 4) | low);
  }
  return bad;
}
