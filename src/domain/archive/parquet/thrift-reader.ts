import { damageUnless, ParquetDamage } from './damage.ts';
import { THRIFT } from './thrift-writer.ts';

/** A value as it was found: numbers of up to 64 bits are exact or damage. */
export type ThriftValue = boolean | number | Buffer | readonly ThriftValue[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Deeper than any structure of Parquet. */
const MAX_DEPTH = 12;

/**
 * Reads one struct of the compact protocol, without knowing its definition. Every length is checked against what is there
 * before anything is made of it, so that damaged bytes end in an error and never in a loop or a huge array.
 */
export function readThrift(bytes: Buffer, start: number): { readonly value: ThriftStruct; readonly end: number } {
  const reader = new ThriftReader(bytes, start);
  return { value: reader.struct(0), end: reader.at };
}

class ThriftReader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.at = start;
  }

  struct(depth: number): ThriftStruct {
    damageUnless(depth < MAX_DEPTH, 'a header is nested too deeply');
    const fields = new Map<number, ThriftValue>();
    let last = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      const field = head >> 4 === 0 ? this.#zigzag() : last + (head >> 4);
      last = field;
      const type = head & 0x0f;
      if (type === THRIFT.true || type === THRIFT.false) fields.set(field, type === THRIFT.true);
      else fields.set(field, this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case THRIFT.true:
      case THRIFT.false:
        return this.#byte() === THRIFT.true; // an element of a list, which has its value in a byte
      case THRIFT.i8:
        return (this.#byte() << 24) >> 24;
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return this.#zigzag();
      case THRIFT.double:
        return this.#take(8).readDoubleLE();
      case THRIFT.binary:
        return this.#take(this.#varint());
      case THRIFT.list:
      case THRIFT.set:
        return this.#list(depth);
      case THRIFT.struct:
        return this.struct(depth + 1);
      default:
        throw new ParquetDamage(`a header has a field of the unknown type ${type}`);
    }
  }

  #list(depth: number): readonly ThriftValue[] {
    const head = this.#byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    damageUnless(length <= this.#bytes.length - this.at, 'a list is longer than the bytes that hold it');
    const items: ThriftValue[] = [];
    for (let index = 0; index < length; index += 1) items.push(this.#value(head & 0x0f, depth));
    return items;
  }

  #zigzag(): number {
    const value = this.#varint64();
    const signed = (value >> 1n) ^ -(value & 1n);
    const number = Number(signed);
    damageUnless(Number.isSafeInteger(number), 'a number of a header is out of range');
    return number;
  }

  #varint(): number {
    const number = Number(this.#varint64());
    damageUnless(Number.isSafeInteger(number), 'a length of a header is out of range');
    return number;
  }

  #varint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ParquetDamage('a number of a header does not end');
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new ParquetDamage('a header does not end');
    this.at += 1;
    return byte;
  }

  #take(length: number): Buffer {
    damageUnless(length <= this.#bytes.length - this.at, 'a header is longer than the bytes that hold it');
    const taken = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }
}
