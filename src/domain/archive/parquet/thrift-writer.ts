import { ByteSink } from './byte-sink.ts';

/** Types of the compact protocol. Source: Thrift, "Thrift Compact protocol encoding", "Struct encoding". */
export const THRIFT = { true: 1, false: 2, i8: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, map: 11, struct: 12 } as const; // prettier-ignore

/** Writes the compact protocol of Thrift, in which Parquet has its page headers and its footer. */
export class ThriftWriter {
  readonly #out = new ByteSink(256);
  #lastField = 0;

  finish(): Buffer {
    this.#out.byte(0);
    return this.#out.toBuffer();
  }

  bool(field: number, value: boolean): void {
    this.#field(field, value ? THRIFT.true : THRIFT.false);
  }

  i8(field: number, value: number): void {
    this.#field(field, THRIFT.i8);
    this.#out.byte(value & 0xff);
  }

  i16(field: number, value: number): void {
    this.#field(field, THRIFT.i16);
    this.#zigzag(BigInt(value));
  }

  i32(field: number, value: number): void {
    this.#field(field, THRIFT.i32);
    this.#zigzag(BigInt(value));
  }

  i64(field: number, value: number): void {
    this.#field(field, THRIFT.i64);
    this.#zigzag(BigInt(value));
  }

  binary(field: number, value: string | Buffer): void {
    this.#field(field, THRIFT.binary);
    this.#bytes(value);
  }

  struct(field: number, body: () => void): void {
    this.#field(field, THRIFT.struct);
    this.#nested(body);
  }

  structs<Item>(field: number, items: readonly Item[], body: (item: Item) => void): void {
    this.#list(field, THRIFT.struct, items, (item) => this.#nested(() => body(item)));
  }

  i32s(field: number, items: readonly number[]): void {
    this.#list(field, THRIFT.i32, items, (item) => this.#zigzag(BigInt(item)));
  }

  binaries(field: number, items: readonly string[]): void {
    this.#list(field, THRIFT.binary, items, (item) => this.#bytes(item));
  }

  #list<Item>(field: number, type: number, items: readonly Item[], each: (item: Item) => void): void {
    this.#field(field, THRIFT.list);
    if (items.length < 15) this.#out.byte((items.length << 4) | type);
    else {
      this.#out.byte(0xf0 | type);
      this.#varint(BigInt(items.length));
    }
    for (const item of items) each(item);
  }

  #nested(body: () => void): void {
    const outer = this.#lastField;
    this.#lastField = 0;
    body();
    this.#out.byte(0);
    this.#lastField = outer;
  }

  /** Fields come in ascending order and less than 16 apart, so that the short form always fits. */
  #field(field: number, type: number): void {
    this.#out.byte(((field - this.#lastField) << 4) | type);
    this.#lastField = field;
  }

  #bytes(value: string | Buffer): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.#varint(BigInt(bytes.length));
    this.#out.append(bytes);
  }

  #zigzag(value: bigint): void {
    this.#varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#out.byte(Number(rest & 0x7fn) | 0x80);
    this.#out.byte(Number(rest));
  }
}
