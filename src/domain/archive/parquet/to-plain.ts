import type { ByteSink } from './byte-sink.ts';
import type { Kind } from './kind.ts';
import { numericText } from './numeric.ts';

/** A value that Parquet cannot hold as it is. Who knows the column names it. */
export class Unrepresentable extends Error {
  override readonly name = 'Unrepresentable';
}

/** Appends a value to PLAIN values; it has `length` bytes at `at`, in the binary form of PostgreSQL's send functions. */
export type ToPlain = (to: ByteSink, from: Buffer, at: number, length: number) => void;

/** 2000-01-01, where PostgreSQL's time begins, in microseconds of Unix time: high and low half. */
export const EPOCH = { high: 220_417, low: 993_517_568, days: 10_957 } as const;
const JSONB_VERSION = 1;

export const TO_PLAIN: Readonly<Record<Kind, ToPlain>> = {
  text: (to, from, at, length) => putBytes(to, from, at, length),
  json: (to, from, at, length) => {
    if (from[at] !== JSONB_VERSION) throw new Unrepresentable(`jsonb of the unknown version ${from[at]}`);
    putBytes(to, from, at + 1, length - 1);
  },
  numeric: (to, from, at) => {
    const text = Buffer.from(numericText(from, at));
    putBytes(to, text, 0, text.length);
  },
  uuid: (to, from, at, length) => to.append(from, at, at + length),
  timestamp: putTimestamp,
  date: putDate,
  boolean: (to, from, at) => to.byte(from[at] ?? 0),
  int2: (to, from, at) => putInt32(to, from.readInt16BE(at)),
  int4: (to, from, at) => putInt32(to, from.readInt32BE(at)),
  int8: putReversed,
  double: putReversed,
};

function putBytes(to: ByteSink, from: Buffer, at: number, length: number): void {
  to.reserve(length + 4);
  to.length = to.bytes.writeUInt32LE(length, to.length);
  to.append(from, at, at + length);
}

function putReversed(to: ByteSink, from: Buffer, at: number): void {
  to.reserve(8);
  const { bytes, length } = to;
  for (let index = 0; index < 8; index += 1) bytes[length + index] = from[at + 7 - index] ?? 0;
  to.length = length + 8;
}

function putInt32(to: ByteSink, value: number): void {
  to.reserve(4);
  to.bytes.writeInt32LE(value, to.length);
  to.length += 4;
}

/** Both halves by themselves: a double holds microseconds only until 2255, and BigInt is ten times slower. */
function putTimestamp(to: ByteSink, from: Buffer, at: number): void {
  const high = from.readInt32BE(at);
  const low = from.readUInt32BE(at + 4);
  if (high === 0x7fffffff && low === 0xffffffff) throw new Unrepresentable('infinity');
  if (high === -0x80000000 && low === 0) throw new Unrepresentable('-infinity');
  const sum = low + EPOCH.low;
  const carried = high + EPOCH.high + (sum > 0xffffffff ? 1 : 0);
  if (carried > 0x7fffffff) throw new Unrepresentable('a time after the year 294246');
  to.reserve(8);
  to.bytes.writeUInt32LE(sum >>> 0, to.length);
  to.bytes.writeInt32LE(carried, to.length + 4);
  to.length += 8;
}

function putDate(to: ByteSink, from: Buffer, at: number): void {
  const days = from.readInt32BE(at);
  if (days === 0x7fffffff) throw new Unrepresentable('infinity');
  if (days === -0x80000000) throw new Unrepresentable('-infinity');
  putInt32(to, days + EPOCH.days);
}
