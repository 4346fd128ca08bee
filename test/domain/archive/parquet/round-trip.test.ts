import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSink } from '../../../../src/domain/archive/parquet/byte-sink.ts';
import { DEFAULT_CODEC, type Codec } from '../../../../src/domain/archive/parquet/compression.ts';
import { readParquet } from '../../../../src/domain/archive/parquet/file-reader.ts';
import { ParquetFileWriter } from '../../../../src/domain/archive/parquet/file-writer.ts';
import { decodeHybrid, encodeHybrid } from '../../../../src/domain/archive/parquet/hybrid.ts';
import type { Kind, ParquetColumn } from '../../../../src/domain/archive/parquet/kind.ts';
import { numericBytes, numericText } from '../../../../src/domain/archive/parquet/numeric.ts';
import { memoryStore } from '../../../support/archive/memory-store.ts';

type Value = Buffer | null;

/** Any value of a kind, in PostgreSQL's binary form. */
const VALUES: Readonly<Record<Kind, fc.Arbitrary<Buffer>>> = {
  text: fc
    .oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 300 }), fc.constant(''))
    .map((text) => Buffer.from(text)),
  json: fc.json().map((text) => Buffer.from(`\u0001${text}`)),
  numeric: fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.nat().map(String),
      fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), maxLength: 9 }),
    )
    .map(
      ([sign, whole, fraction]) =>
        numericBytes(`${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`) ?? Buffer.alloc(0),
    ),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  timestamp: fc.bigInt({ min: -211_813_488_000_000_000n, max: 9_222_425_352_054_775_807n }).map(int64),
  date: fc.integer({ min: -2_451_545, max: 2_145_031_948 }).map(int32),
  boolean: fc.boolean().map((value) => Buffer.from([value ? 1 : 0])),
  int2: fc.integer({ min: -32_768, max: 32_767 }).map((value) => int32(value).subarray(2)),
  int4: fc.integer().map(int32),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int64),
  double: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
};
const KINDS = Object.keys(VALUES) as Kind[];

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

async function written(
  columns: readonly ParquetColumn[],
  rows: Iterable<readonly Value[]>,
  codec: Codec,
  roomEach = 7,
) {
  const store = memoryStore(1009);
  const writer = new ParquetFileWriter({ columns, upload: await store.upload('file'), codec, notes: { note: '메모' } });
  for (const row of rows) {
    const bytes = Buffer.concat(row.map((value) => value ?? Buffer.alloc(0)));
    const lengths = Int32Array.from(row, (value) => value?.length ?? -1);
    let at = 0;
    const starts = Int32Array.from(row, (value) => (at += value?.length ?? 0) - (value?.length ?? 0));
    writer.add({ bytes, starts, lengths });
    if (writer.rows % roomEach === 0) await writer.room();
  }
  return { store, sent: await writer.finish() };
}

/** Every value with its length before it, all rows together. */
function framed(row: readonly Value[]): Buffer {
  return Buffer.concat(row.flatMap((value) => [int32(value?.length ?? -1), value ?? Buffer.alloc(0)]));
}

async function readBack(columns: readonly ParquetColumn[], { store, sent }: Awaited<ReturnType<typeof written>>) {
  const all = new ByteSink();
  const batches = readParquet(store.read, sent, columns);
  let step = await batches.next();
  for (; step.done !== true; step = await batches.next()) {
    for (let left = step.value.rows; left > 0; left -= 1) step.value.take(all);
  }
  return { file: step.value, bytes: all.toBuffer() };
}

/** What came back, beside what went in. */
async function roundTrip(columns: readonly ParquetColumn[], rows: readonly (readonly Value[])[], codec: Codec) {
  const file = await written(columns, rows, codec);
  const back = await readBack(columns, file);
  return {
    file: back.file,
    sent: { ...file.sent, rows: rows.length },
    same: back.bytes.equals(Buffer.concat(rows.map(framed))),
  };
}

const table = fc
  .array(fc.record({ kind: fc.constantFrom(...KINDS), nullable: fc.boolean() }), { minLength: 1, maxLength: 6 })
  .chain((shapes) => {
    const columns = shapes.map((shape, index) => ({ ...shape, name: `열 "${index}"` }));
    const row = fc.tuple(
      ...columns.map(({ kind, nullable }) => (nullable ? fc.option(VALUES[kind], { freq: 3 }) : VALUES[kind])),
    );
    return fc.record({ columns: fc.constant(columns), rows: fc.array(row, { maxLength: 80 }) });
  });

describe('a Parquet file', () => {
  it('gives every value back that was written, with any columns, nulls and codec', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom<Codec>('gzip', 'none', DEFAULT_CODEC),
        async ({ columns, rows }, codec) => {
          const { file, sent, same } = await roundTrip(columns, rows, codec);
          expect({ file, same }).toEqual({ file: sent, same: true });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives rows back across the borders of pages and row groups', async () => {
    const columns: readonly ParquetColumn[] = [
      { name: 'id', kind: 'int4', nullable: false },
      { name: 'noise', kind: 'text', nullable: true },
      { name: 'few', kind: 'text', nullable: true },
      { name: 'many', kind: 'text', nullable: false },
      { name: 'flag', kind: 'boolean', nullable: true },
      { name: 'never', kind: 'uuid', nullable: true },
    ];
    const rows = Array.from({ length: 24_000 }, (_, row): readonly Value[] => [
      int32(row),
      // A megabyte in between: longer than a page.
      row % 2000 === 1999
        ? Buffer.alloc(1_300_000, 'x')
        : row % 3 === 0
          ? null
          : Buffer.from(`${row}`.repeat(row % 40)),
      row % 5 === 0 ? null : Buffer.from(['가', 'b', ''][row % 3] ?? ''),
      // A dictionary at first, and too many values in the middle of the group.
      Buffer.from(`value ${row < 1000 ? row % 9 : row % 700}`),
      row % 2 === 0 ? null : Buffer.from([row % 4 === 1 ? 1 : 0]),
      null,
    ]);
    const { file, sent, same } = await roundTrip(columns, rows, 'gzip');
    expect({ file, same }).toEqual({ file: sent, same: true });
  });

  it('gives back more short rows than a row group holds', async () => {
    const columns: readonly ParquetColumn[] = [{ name: 'n', kind: 'int4', nullable: true }];
    const { file, sent, same } = await roundTrip(
      columns,
      Array.from({ length: 140_000 }, (_, row) => [row % 11 === 0 ? null : int32(row)]),
      'gzip',
    );
    expect({ file, same }).toEqual({ file: sent, same: true });
  });

  it('gives back a value that is longer than a row group', async () => {
    const columns: readonly ParquetColumn[] = [{ name: 'long', kind: 'text', nullable: false }];
    const rows = [13_000_000, 0, 15_000_000, 1].map((length) => [Buffer.alloc(length, '0123456789abcdef')]);
    const { file, sent, same } = await roundTrip(columns, rows, 'gzip');
    expect({ file, same }).toEqual({ file: sent, same: true });
  });
});

describe('runs and packed values', () => {
  it('come back, of every width', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }).chain((width) =>
          fc.record({
            width: fc.constant(width),
            runs: fc.array(
              fc.record({
                value: fc.nat({ max: 2 ** width - 1 }),
                times: fc.oneof(fc.constant(1), fc.nat({ max: 40 })),
              }),
            ),
          }),
        ),
        ({ width, runs }) => {
          const values = Uint8Array.from(
            runs.flatMap(({ value, times }) => Array.from({ length: times }, () => value)),
          );
          const sink = new ByteSink();
          encodeHybrid(sink, values, width);
          const decoded = decodeHybrid(sink.toBuffer(), { width, count: values.length, highest: 255 });
          expect(Buffer.from(decoded).equals(values)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a numeric', () => {
  it.each([
    '0',
    '0.00',
    '-0.00012',
    '10000',
    '9999.9999',
    '123456789012345678901234567890',
    'NaN',
    'Infinity',
    '-Infinity',
  ])('of %s has one text and one binary form', (text) => {
    const bytes = numericBytes(text);
    expect(bytes && numericText(bytes, 0)).toBe(text);
  });

  it('is nothing that looks like one', () => {
    for (const text of ['', '-', '1.', '.5', '1e5', ' 1', 'nan', '1,0']) expect(numericBytes(text)).toBeUndefined();
  });
});
