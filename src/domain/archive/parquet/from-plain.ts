import type { ByteSink } from './byte-sink.ts';
import { damageUnless } from './damage.ts';
import { FORMATS, type Kind } from './kind.ts';
import { numericBytes } from './numeric.ts';
import { EPOCH } from './to-plain.ts';

/**
 * Appends the PLAIN value at `at` as its length and its value in PostgreSQL's binary form.
 * @returns where the next value begins @throws ParquetDamage
 */
export type FromPlain = (to: ByteSink, from: Buffer, at: number) => number;

const JSONB_VERSION = Buffer.from([1]);
const NOTHING = Buffer.alloc(0);

export const FROM_PLAIN: Readonly<Record<Kind, FromPlain>> = {
  text: (to, from, at) => takeBytes(to, from, at, NOTHING),
  json: (to, from, at) => takeBytes(to, from, at, JSONB_VERSION),
  numeric: takeNumeric,
  uuid: fixed('uuid', (to, from, at) => {
    putLength(to, 16);
    to.append(from, at, at + 16);
  }),
  timestamp: fixed('timestamp', takeTimestamp),
  date: fixed('date', (to, from, at) => {
    const days = from.readInt32LE(at) - EPOCH.days;
    damageUnless(days > -0x80000000, 'a date is out of range');
    const start = head(to, 4);
    to.bytes.writeInt32BE(days, start);
  }),
  boolean: fixed('boolean', (to, from, at) => {
    const start = head(to, 1);
    to.bytes[start] = from[at] ?? 0;
  }),
  int2: fixed('int2', (to, from, at) => {
    const value = from.readInt32LE(at);
    damageUnless(value === (value << 16) >> 16, 'a smallint is out of range');
    const start = head(to, 2);
    to.bytes.writeInt16BE(value, start);
  }),
  int4: fixed('int4', (to, from, at) => takeReversed(to, from, at, 4)),
  int8: fixed('int8', (to, from, at) => takeReversed(to, from, at, 8)),
  double: fixed('double', (to, from, at) => takeReversed(to, from, at, 8)),
};

/** The place after a value that a page or dictionary holds. @throws ParquetDamage when it does not hold it whole */
export function endOfPlain(kind: Kind, bytes: Buffer, at: number): number {
  const { width } = FORMATS[kind];
  damageUnless(at + (width ?? 4) <= bytes.length, 'a page has fewer values than it says');
  if (width !== undefined) return at + width;
  const end = at + 4 + bytes.readUInt32LE(at);
  damageUnless(end <= bytes.length, 'a value is longer than its page');
  return end;
}

function fixed(kind: Kind, take: (to: ByteSink, from: Buffer, at: number) => void): FromPlain {
  const width = FORMATS[kind].width ?? 0;
  return (to, from, at) => {
    damageUnless(at + width <= from.length, 'a page has fewer values than it says');
    take(to, from, at);
    return at + width;
  };
}

/** Writes the length and makes room for the value. @returns where it goes */
function head(to: ByteSink, length: number): number {
  to.reserve(length + 4);
  putLength(to, length);
  const start = to.length;
  to.length = start + length;
  return start;
}

function putLength(to: ByteSink, length: number): void {
  to.reserve(4);
  to.length = to.bytes.writeInt32BE(length, to.length);
}

function takeBytes(to: ByteSink, from: Buffer, at: number, prefix: Buffer): number {
  const end = endOfPlain('text', from, at);
  putLength(to, prefix.length + end - at - 4);
  to.append(prefix);
  to.append(from, at + 4, end);
  return end;
}

function takeNumeric(to: ByteSink, from: Buffer, at: number): number {
  const end = endOfPlain('numeric', from, at);
  const bytes = numericBytes(from.toString('latin1', at + 4, end));
  damageUnless(bytes !== undefined, 'a numeric is not a number');
  putLength(to, bytes.length);
  to.append(bytes);
  return end;
}

function takeReversed(to: ByteSink, from: Buffer, at: number, width: number): void {
  const start = head(to, width);
  const { bytes } = to;
  for (let index = 0; index < width; index += 1) bytes[start + index] = from[at + width - 1 - index] ?? 0;
}

function takeTimestamp(to: ByteSink, from: Buffer, at: number): void {
  const difference = from.readUInt32LE(at) - EPOCH.low;
  const high = from.readInt32LE(at + 4) - EPOCH.high - (difference < 0 ? 1 : 0);
  damageUnless(high >= -0x80000000, 'a time is out of range');
  const start = head(to, 8);
  to.bytes.writeInt32BE(high, start);
  to.bytes.writeUInt32BE(difference >>> 0, start + 4);
}
