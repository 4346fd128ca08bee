import type { ByteSink } from './byte-sink.ts';
import { decompressPage, type Codec } from './compression.ts';
import { damageUnless } from './damage.ts';
import { endOfPlain, FROM_PLAIN, type FromPlain } from './from-plain.ts';
import { decodeHybrid } from './hybrid.ts';
import { FORMATS, PHYSICAL, type ParquetColumn } from './kind.ts';
import { ENCODING } from './metadata.ts';
import { readPages, type PagePlace } from './pages.ts';

/** Values of a page, ready to be taken. */
interface LoadedPage {
  readonly values: number;
  /** Of each value 1, or 0 for null; undefined where none can be null. */
  readonly levels: Uint8Array | undefined;
  /** Into the dictionary; undefined when the values themselves follow. */
  readonly indexes: Uint8Array | undefined;
  readonly plain: Buffer;
}

const NO_PAGE: LoadedPage = { values: 0, levels: undefined, indexes: undefined, plain: Buffer.alloc(0) };

/** The values of one column of one row group, in order. One page is in memory, and the next on its way. */
export class ColumnReader {
  readonly #column: ParquetColumn;
  readonly #codec: Codec;
  readonly #fromPlain: FromPlain;
  readonly #pages: PagePlace[];
  #next: Promise<LoadedPage> | undefined;
  #dictionary: { readonly bytes: Buffer; readonly starts: readonly number[] } | undefined;
  #page = NO_PAGE;
  #taken = 0;
  #index = 0;
  #at = 0;

  /** @param bytes the chunk @throws ParquetDamage */
  constructor(column: ParquetColumn, codec: Codec, bytes: Buffer, rows: number) {
    this.#column = column;
    this.#codec = codec;
    this.#fromPlain = FROM_PLAIN[column.kind];
    this.#pages = readPages(bytes, codec, rows);
  }

  /** Values that can be taken before the next `load`. */
  get ready(): number {
    return this.#page.values - this.#taken;
  }

  async load(): Promise<void> {
    damageUnless(this.#at === this.#page.plain.length, 'a page has more values than it says');
    this.#page = await (this.#next ?? this.#loadNext());
    this.#taken = 0;
    this.#index = 0;
    this.#at = 0;
    this.#next = this.#pages.length === 0 ? undefined : this.#loadNext();
    // Told when the page is asked for.
    this.#next?.catch(() => undefined);
  }

  /** Appends the next value as PostgreSQL's length and binary form; null has length -1. */
  take(to: ByteSink): void {
    const { levels, indexes, plain } = this.#page;
    const isNull = levels !== undefined && levels[this.#taken] === 0;
    this.#taken += 1;
    if (isNull) {
      to.reserve(4);
      to.length = to.bytes.writeInt32BE(-1, to.length);
    } else if (indexes === undefined) this.#at = this.#fromPlain(to, plain, this.#at);
    else {
      const { bytes, starts } = this.#dictionary ?? { bytes: plain, starts: [] };
      this.#fromPlain(to, bytes, starts[indexes[this.#index] ?? 0] ?? 0);
      this.#index += 1;
    }
  }

  /** All of it has been taken. @throws ParquetDamage when the last page holds more */
  finish(): void {
    damageUnless(this.#at === this.#page.plain.length, 'a page has more values than it says');
  }

  async #loadNext(): Promise<LoadedPage> {
    let page = this.#pages.shift();
    if (page?.kind === 'dictionary') {
      const bytes = await decompressPage(this.#codec, page.body, page.bytes);
      this.#dictionary = { bytes, starts: startsOf(this.#column, bytes, page.values) };
      page = this.#pages.shift();
    }
    damageUnless(page?.kind === 'data', 'a column has a dictionary without values');
    return this.#decode(await decompressPage(this.#codec, page.body, page.bytes), page);
  }

  #decode(body: Buffer, { values, encoding }: PagePlace): LoadedPage {
    const { levels, rest } = this.#column.nullable ? splitLevels(body, values) : { levels: undefined, rest: body };
    const present = levels === undefined ? values : levels.reduce((sum, level) => sum + level, 0);
    if (encoding === ENCODING.plain) {
      const isBits = FORMATS[this.#column.kind].physical === PHYSICAL.boolean;
      return { values, levels, indexes: undefined, plain: isBits ? unpackBits(rest, present) : rest };
    }
    const entries = this.#dictionary?.starts.length ?? 0;
    damageUnless(encoding === ENCODING.dictionary && entries > 0, `a page has the unknown encoding ${encoding}`);
    const width = rest[0] ?? 0;
    damageUnless(width >= 1 && width <= 8, 'a page has indexes of another width than a byte has');
    const indexes = decodeHybrid(rest.subarray(1), { width, count: present, highest: entries - 1 });
    return { values, levels, indexes, plain: Buffer.alloc(0) };
  }
}

function startsOf({ kind }: ParquetColumn, bytes: Buffer, values: number): readonly number[] {
  const starts: number[] = [];
  let at = 0;
  for (let index = 0; index < values; index += 1) {
    starts.push(at);
    at = endOfPlain(kind, bytes, at);
  }
  damageUnless(at === bytes.length, 'a dictionary has more values than it says');
  return starts;
}

function splitLevels(body: Buffer, count: number): { readonly levels: Uint8Array; readonly rest: Buffer } {
  damageUnless(body.length >= 4, 'a page ends before its values do');
  const end = 4 + body.readUInt32LE(0);
  damageUnless(end <= body.length, 'a page ends before its values do');
  return { levels: decodeHybrid(body.subarray(4, end), { width: 1, count, highest: 1 }), rest: body.subarray(end) };
}

function unpackBits(bits: Buffer, count: number): Buffer {
  damageUnless(bits.length === Math.ceil(count / 8), 'a page has other values than it says');
  const values = Buffer.alloc(count);
  for (let index = 0; index < count; index += 1) values[index] = ((bits[index >> 3] ?? 0) >> (index & 7)) & 1;
  return values;
}
