import type { ByteSink } from './byte-sink.ts';
import { damageUnless, ParquetDamage } from './damage.ts';

/** A run this long is cheaper as a run; bit-packed values come in groups of the same number. */
const GROUP = 8;

/**
 * Appends values of `width` bits (1 to 8) in Parquet's hybrid of runs and bit-packed groups, which holds definition levels
 * and the indexes into a dictionary. Source: Parquet, "Encodings", "Run Length Encoding / Bit-Packing Hybrid".
 */
export function encodeHybrid(out: ByteSink, values: Uint8Array, width: number): void {
  let at = 0;
  while (at < values.length) {
    const run = runLength(values, at);
    if (run >= GROUP || at + run === values.length) {
      varint(out, run * 2);
      out.byte(values[at] ?? 0);
      at += run;
      continue;
    }
    const start = at;
    do at += GROUP;
    while (at < values.length && runLength(values, at, GROUP) < GROUP);
    varint(out, ((at - start) / GROUP) * 2 + 1);
    for (let group = start; group < at; group += GROUP) packGroup(out, values, group, width);
  }
}

/** @returns that many values, each at most `highest` @throws ParquetDamage */
export function decodeHybrid(
  bytes: Buffer,
  { width, count, highest }: { readonly width: number; readonly count: number; readonly highest: number },
): Uint8Array {
  const values = new Uint8Array(count);
  let at = 0;
  let filled = 0;
  while (filled < count) {
    const head = readVarint(bytes, at);
    at = head.end;
    if (head.value % 2 === 0) {
      const run = head.value / 2;
      damageUnless(run > 0 && run <= count - filled && at < bytes.length, 'a run of values does not fit its page');
      values.fill(bytes[at] ?? 0, filled, filled + run);
      at += 1;
      filled += run;
    } else {
      const groups = (head.value - 1) / 2;
      const length = groups * width;
      damageUnless(groups > 0 && length <= bytes.length - at, 'packed values do not fit their page');
      filled = unpack(values, filled, bytes.subarray(at, at + length), width);
      at += length;
    }
  }
  damageUnless(at === bytes.length, 'a page has more values than it says');
  for (const value of values) if (value > highest) throw new ParquetDamage('a page has a value that is out of range');
  return values;
}

function runLength(values: Uint8Array, start: number, atMost = values.length): number {
  const value = values[start];
  const end = Math.min(values.length, start + atMost);
  let at = start + 1;
  while (at < end && values[at] === value) at += 1;
  return at - start;
}

/** Eight values of `width` bits are `width` bytes, the lowest bits first; what is missing at the end is zero. */
function packGroup(out: ByteSink, values: Uint8Array, start: number, width: number): void {
  let bits = 0;
  let filled = 0;
  for (let index = 0; index < GROUP; index += 1) {
    bits |= (values[start + index] ?? 0) << filled;
    filled += width;
    while (filled >= 8) {
      out.byte(bits & 0xff);
      bits >>>= 8;
      filled -= 8;
    }
  }
}

function unpack(values: Uint8Array, start: number, packed: Buffer, width: number): number {
  const mask = (1 << width) - 1;
  let bits = 0;
  let filled = 0;
  let at = start;
  for (const byte of packed) {
    bits |= byte << filled;
    filled += 8;
    while (filled >= width && at < values.length) {
      values[at] = bits & mask;
      at += 1;
      bits >>>= width;
      filled -= width;
    }
    if (at === values.length) break;
  }
  return at;
}

function varint(out: ByteSink, value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out.byte((rest % 128) | 0x80);
  out.byte(rest);
}

function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new ParquetDamage('a page ends before its values do');
}
