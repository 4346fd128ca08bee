import { CODEC_NUMBERS, type Codec } from './compression.ts';
import { FORMATS, isTimestamp, type ParquetColumn } from './kind.ts';
import { ThriftWriter } from './thrift-writer.ts';

/** The first and the last four bytes of a file. */
export const MAGIC = Buffer.from('PAR1');
/** Numbers of parquet.thrift: enum Encoding. */
export const ENCODING = { plain: 0, runs: 3, dictionary: 8 } as const;
export const PAGE_TYPE = { data: 0, dictionary: 2 } as const;
/** An INT32 or BYTE_ARRAY has no length of its own. */
const REPETITION = { required: 0, optional: 1 } as const;

export interface PageHeader {
  readonly kind: keyof typeof PAGE_TYPE;
  readonly encoding: number;
  readonly values: number;
  readonly bytes: number;
  readonly compressedBytes: number;
}

export function encodePageHeader(page: PageHeader): Buffer {
  const header = new ThriftWriter();
  header.i32(1, PAGE_TYPE[page.kind]);
  header.i32(2, page.bytes);
  header.i32(3, page.compressedBytes);
  header.struct(page.kind === 'data' ? 5 : 7, () => {
    header.i32(1, page.values);
    header.i32(2, page.encoding);
    if (page.kind !== 'data') return;
    header.i32(3, ENCODING.runs);
    header.i32(4, ENCODING.runs);
  });
  return header.finish();
}

/** A chunk as it lies in the file. */
export interface ChunkPlace {
  readonly codec: Codec;
  readonly values: number;
  readonly nulls: number;
  readonly min: Buffer | undefined;
  readonly max: Buffer | undefined;
  readonly encodings: readonly number[];
  readonly dictionaryAt: number | undefined;
  readonly dataAt: number;
  /** Both with page headers, as Parquet counts them. */
  readonly bytes: number;
  readonly compressedBytes: number;
}

export interface GroupPlace {
  readonly rows: number;
  readonly at: number;
  readonly chunks: readonly ChunkPlace[];
}

export interface FileMetadata {
  readonly columns: readonly ParquetColumn[];
  readonly groups: readonly GroupPlace[];
  /** Words about the file, for people and programs that find it. */
  readonly notes: Readonly<Record<string, string>>;
}

/** FileMetaData of parquet.thrift. */
export function encodeFooter({ columns, groups, notes }: FileMetadata): Buffer {
  const footer = new ThriftWriter();
  footer.i32(1, 1);
  footer.structs(2, [undefined, ...columns], (column) => {
    if (column !== undefined) return writeSchema(footer, column);
    footer.binary(4, 'schema');
    footer.i32(5, columns.length);
  });
  footer.i64(3, sumOf(groups.map(({ rows }) => rows)));
  footer.structs(4, groups, (group) => writeGroup(footer, group, columns));
  footer.structs(5, Object.entries(notes), ([key, value]) => {
    footer.binary(1, key);
    footer.binary(2, value);
  });
  footer.binary(6, 'ordersync');
  // Without it readers may not trust min_value and max_value.
  footer.structs(7, columns, () => footer.struct(1, () => undefined));
  return footer.finish();
}

function writeSchema(footer: ThriftWriter, { name, kind, nullable }: ParquetColumn): void {
  const format = FORMATS[kind];
  footer.i32(1, format.physical);
  if (kind === 'uuid') footer.i32(2, 16);
  footer.i32(3, nullable ? REPETITION.optional : REPETITION.required);
  footer.binary(4, name);
  if (format.converted !== undefined) footer.i32(6, format.converted);
  if (format.logical === undefined) return;
  const { logical, bits } = format;
  footer.struct(10, () =>
    footer.struct(logical, () => {
      if (isTimestamp(format)) {
        footer.bool(1, true); // isAdjustedToUTC
        footer.struct(2, () => footer.struct(2, () => undefined)); // MICROS
      }
      if (bits === undefined) return;
      footer.i8(1, bits);
      footer.bool(2, true); // isSigned
    }),
  );
}

function writeGroup(footer: ThriftWriter, { rows, at, chunks }: GroupPlace, columns: readonly ParquetColumn[]): void {
  footer.structs(
    1,
    chunks.map((chunk, index) => ({ chunk, column: columns[index] })),
    ({ chunk, column }) => {
      footer.i64(2, chunk.dictionaryAt ?? chunk.dataAt);
      footer.struct(3, () => column && writeChunk(footer, chunk, column));
    },
  );
  footer.i64(2, sumOf(chunks.map(({ bytes }) => bytes)));
  footer.i64(3, rows);
  footer.i64(5, at);
  footer.i64(6, sumOf(chunks.map(({ compressedBytes }) => compressedBytes)));
}

function writeChunk(footer: ThriftWriter, chunk: ChunkPlace, { name, kind }: ParquetColumn): void {
  footer.i32(1, FORMATS[kind].physical);
  footer.i32s(2, chunk.encodings);
  footer.binaries(3, [name]);
  footer.i32(4, CODEC_NUMBERS[chunk.codec]);
  footer.i64(5, chunk.values);
  footer.i64(6, chunk.bytes);
  footer.i64(7, chunk.compressedBytes);
  footer.i64(9, chunk.dataAt);
  if (chunk.dictionaryAt !== undefined) footer.i64(11, chunk.dictionaryAt);
  footer.struct(12, () => {
    footer.i64(3, chunk.nulls);
    if (chunk.max !== undefined) footer.binary(5, chunk.max);
    if (chunk.min !== undefined) footer.binary(6, chunk.min);
  });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
