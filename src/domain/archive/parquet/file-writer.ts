import { OrdersyncError } from '../../../errors.ts';
import type { SentObject, Upload } from '../../../store/store.ts';
import { ColumnWriter, type Chunk } from './column-writer.ts';
import { PageCompressor, type Codec } from './compression.ts';
import type { ParquetColumn } from './kind.ts';
import { encodeFooter, encodePageHeader, ENCODING, MAGIC, type ChunkPlace, type GroupPlace } from './metadata.ts';
import { Unrepresentable } from './to-plain.ts';

/** A row group is what a reader has to hold at once; two of them are in memory while one is being written. */
const GROUP_BYTES = 12 * 1024 * 1024;
const GROUP_ROWS = 128 * 1024;
/** Pages that are being compressed: enough for libuv's four threads, with some to take up. */
const PAGES_AT_WORK = 8;

/** A row, and where its values are: in PostgreSQL's binary form, length -1 for null. */
export interface Row {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

export interface ParquetFileRequest {
  readonly columns: readonly ParquetColumn[];
  readonly upload: Upload;
  readonly codec: Codec;
  readonly notes: Readonly<Record<string, string>>;
}

/** Writes one Parquet file into an upload, row group by row group, in flat memory. */
export class ParquetFileWriter {
  rows = 0;
  readonly #request: ParquetFileRequest;
  readonly #columns: readonly ColumnWriter[];
  readonly #atWork = new Set<Promise<unknown>>();
  readonly #groups: GroupPlace[] = [];
  #offset = 0;
  #groupRows = 0;
  #groupBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(request: ParquetFileRequest) {
    this.#request = request;
    this.#columns = request.columns.map(
      (column) => new ColumnWriter(column, new PageCompressor(request.codec), (work) => this.#started(work)),
    );
  }

  /** Adds a row; await `room` after some of them. @throws OrdersyncError naming a value that Parquet cannot hold */
  add({ bytes, starts, lengths }: Row): void {
    let index = 0;
    try {
      for (; index < this.#columns.length; index += 1) {
        // The arrays are as long as the columns are many.
        this.#groupBytes += (this.#columns[index] as ColumnWriter).append(
          bytes,
          starts[index] as number,
          lengths[index] as number,
        );
      }
    } catch (error) {
      throw this.#named(error, index);
    }
    this.rows += 1;
    this.#groupRows += 1;
  }

  /** Resolves when there is room for more rows. @throws what the store said */
  async room(): Promise<void> {
    while (this.#atWork.size > PAGES_AT_WORK) await Promise.race(this.#atWork);
    if (this.#groupRows >= GROUP_ROWS || this.#groupBytes >= GROUP_BYTES) await this.#endGroup();
  }

  async finish(): Promise<SentObject & { readonly rows: number }> {
    if (this.#groupRows > 0) await this.#endGroup();
    await this.#writing;
    if (this.#offset === 0) await this.#write(MAGIC);
    const { columns, notes, upload } = this.#request;
    const footer = encodeFooter({ columns, groups: this.#groups, notes });
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(footer.length);
    await this.#write(Buffer.concat([footer, tail, MAGIC]));
    return { ...(await upload.finish()), rows: this.rows };
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing, ...this.#atWork]);
    await this.#request.upload.abandon();
  }

  /** Waits for the group before this one, so that no more than two are in memory. */
  async #endGroup(): Promise<void> {
    const chunks = this.#columns.map((column) => column.take());
    const rows = this.#groupRows;
    this.#groupRows = 0;
    this.#groupBytes = 0;
    await this.#writing;
    this.#writing = this.#writeGroup(rows, chunks);
    // Heard by the next group, or at the end.
    this.#writing.catch(() => undefined);
  }

  async #writeGroup(rows: number, chunks: readonly Chunk[]): Promise<void> {
    if (this.#offset === 0) await this.#write(MAGIC);
    const at = this.#offset;
    const places: ChunkPlace[] = [];
    for (const chunk of chunks) places.push(await this.#writeChunk(chunk));
    this.#groups.push({ rows, at, chunks: places });
  }

  async #writeChunk({ pages, ...chunk }: Chunk): Promise<ChunkPlace> {
    const start = this.#offset;
    let dataAt = start;
    let dictionaryAt: number | undefined;
    let bytes = 0;
    for (const [index, page] of pages.entries()) {
      if (page.kind === 'dictionary') dictionaryAt = this.#offset;
      else if (index === 0 || dictionaryAt !== undefined) dataAt = this.#offset;
      const compressed = await page.compressed;
      const header = encodePageHeader({ ...page, compressedBytes: compressed.length });
      bytes += header.length + page.bytes;
      await this.#write(header);
      await this.#write(compressed);
    }
    const encodings = dictionaryAt === undefined ? [ENCODING.plain, ENCODING.runs] : Object.values(ENCODING);
    const compressedBytes = this.#offset - start;
    return { ...chunk, codec: this.#request.codec, encodings, dictionaryAt, dataAt, bytes, compressedBytes };
  }

  async #write(piece: Buffer): Promise<void> {
    this.#offset += piece.length;
    await this.#request.upload.write(piece);
  }

  #started<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#atWork.delete(settled),
      () => this.#atWork.delete(settled),
    );
    this.#atWork.add(settled);
    return work;
  }

  #named(error: unknown, index: number): unknown {
    if (!(error instanceof Unrepresentable)) return error;
    const { name = '' } = this.#request.columns[index] ?? {};
    return new OrdersyncError('precondition', `column "${name}" holds ${error.message}, which an archive cannot`, {
      hint: 'correct the value in the table, then run the command again',
      facts: { column: name, row: this.rows + 1, reason: 'unrepresentable' },
    });
  }
}
