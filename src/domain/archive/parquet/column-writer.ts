import { ByteSink } from './byte-sink.ts';
import type { PageCompressor } from './compression.ts';
import { Dictionary } from './dictionary.ts';
import { Extremes } from './extremes.ts';
import { encodeHybrid } from './hybrid.ts';
import { FORMATS, PHYSICAL, type ParquetColumn } from './kind.ts';
import { ENCODING } from './metadata.ts';
import { TO_PLAIN, type ToPlain } from './to-plain.ts';

/** Values of a page before compression: small enough to be spread over threads, large enough to compress well. */
const PAGE_BYTES = 512 * 1024;

export interface Page {
  readonly kind: 'data' | 'dictionary';
  readonly encoding: number;
  readonly values: number;
  readonly bytes: number;
  readonly compressed: Promise<Buffer>;
}

/** One column of one row group, with pages that may still be in the making. */
export interface Chunk {
  readonly pages: readonly Page[];
  readonly values: number;
  readonly nulls: number;
  readonly min: Buffer | undefined;
  readonly max: Buffer | undefined;
}

/** Collects the values of one column and turns them into pages, which are compressed while more values come. */
export class ColumnWriter {
  readonly column: ParquetColumn;
  readonly #compress: (page: Buffer) => Promise<Buffer>;
  readonly #toPlain: ToPlain;
  readonly #extremes: Extremes;
  readonly #values = new ByteSink(64 * 1024);
  /** 1 for a value, 0 for null, since the last page. */
  readonly #levels = new ByteSink(16 * 1024);
  readonly #indexes = new ByteSink(1024);
  readonly #dictionary = new Dictionary();
  /** Given up for the rest of the file once a chunk has too many values. */
  #distinct: boolean;
  #pages: Page[] = [];
  #rows = 0;
  #nulls = 0;

  constructor(column: ParquetColumn, compressor: PageCompressor, started: <T>(work: Promise<T>) => Promise<T>) {
    this.column = column;
    this.#compress = (page) => started(compressor.compress(page));
    this.#toPlain = TO_PLAIN[column.kind];
    this.#extremes = new Extremes(column.kind);
    this.#distinct = FORMATS[column.kind].physical !== PHYSICAL.boolean;
  }

  /** Adds a value in PostgreSQL's binary form; length -1 is null. @returns how many bytes it takes as PLAIN */
  append(from: Buffer, at: number, length: number): number {
    this.#rows += 1;
    if (length < 0) {
      this.#nulls += 1;
      this.#levels.byte(0);
      return 0;
    }
    this.#levels.byte(1);
    const values = this.#values;
    const start = values.length;
    this.#toPlain(values, from, at, length);
    const taken = values.length - start;
    this.#extremes.see(values.bytes, start);
    if (this.#distinct) this.#enter(start);
    else if (values.length >= PAGE_BYTES) this.#endPage();
    return taken;
  }

  /** Ends the row group. */
  take(): Chunk {
    if (this.#distinct) this.#endIndexes();
    else if (this.#levels.length > 0) this.#endPage();
    const chunk = { pages: this.#pages, values: this.#rows, nulls: this.#nulls, ...this.#takeExtremes() };
    this.#pages = [];
    this.#rows = 0;
    this.#nulls = 0;
    this.#dictionary.clear();
    return chunk;
  }

  #enter(start: number): void {
    const values = this.#values;
    const index = this.#dictionary.indexOf(values.bytes, start, values.length);
    if (index >= 0) {
      this.#indexes.byte(index);
      values.length = start;
    } else this.#giveUpDictionary();
  }

  /** The one value that does not go in is all there is in `values`: those before it come back from the dictionary. */
  #giveUpDictionary(): void {
    const last = this.#values.toBuffer();
    this.#values.length = 0;
    for (const index of this.#indexes.view()) this.#values.append(this.#dictionary.valueAt(index));
    this.#values.append(last);
    this.#indexes.length = 0;
    this.#distinct = false;
  }

  #endPage(): void {
    const { physical } = FORMATS[this.column.kind];
    const body = this.#withLevels((page) => {
      if (physical === PHYSICAL.boolean) appendBits(page, this.#values.view());
      else page.append(this.#values.view());
    }, this.#values.length);
    this.#push('data', ENCODING.plain, this.#levels.length, body);
    this.#values.length = 0;
    this.#levels.length = 0;
  }

  #endIndexes(): void {
    const { size } = this.#dictionary;
    // Nothing but nulls: readers do not expect a dictionary without values.
    if (size === 0) return this.#endPage();
    this.#push('dictionary', ENCODING.plain, size, this.#dictionary.toBuffer());
    const width = Math.max(1, 32 - Math.clz32(size - 1));
    const body = this.#withLevels((page) => {
      page.byte(width);
      encodeHybrid(page, this.#indexes.view(), width);
    }, this.#indexes.length);
    this.#push('data', ENCODING.dictionary, this.#levels.length, body);
    this.#indexes.length = 0;
    this.#levels.length = 0;
  }

  /** Definition levels with their length before them, then the values. */
  #withLevels(values: (page: ByteSink) => void, bytes: number): Buffer {
    const page = new ByteSink(bytes + this.#levels.length + 64);
    if (this.column.nullable) {
      page.length = 4;
      encodeHybrid(page, this.#levels.view(), 1);
      page.bytes.writeUInt32LE(page.length - 4, 0);
    }
    values(page);
    return page.view();
  }

  #push(kind: Page['kind'], encoding: number, values: number, body: Buffer): void {
    const compressed = this.#compress(body);
    this.#pages.push({ kind, encoding, values, bytes: body.length, compressed });
  }

  /** Of texts only those of a dictionary are compared: all of them, once. */
  #takeExtremes(): { min: Buffer | undefined; max: Buffer | undefined } {
    const seen = this.#extremes.take();
    if (seen !== undefined) return seen;
    if (!this.#distinct || this.column.kind !== 'text') return { min: undefined, max: undefined };
    const texts = Array.from({ length: this.#dictionary.size }, (_, index) =>
      Buffer.from(this.#dictionary.valueAt(index).subarray(4)),
    ).sort((left, right) => Buffer.compare(left, right));
    return { min: texts[0], max: texts.at(-1) };
  }
}

function appendBits(page: ByteSink, values: Uint8Array): void {
  for (let start = 0; start < values.length; start += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte |= (values[start + bit] ?? 0) << bit;
    page.byte(byte);
  }
}
