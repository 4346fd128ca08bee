import { createHash, type Hash } from 'node:crypto';
import { OrdersyncError } from '../../../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import { ColumnReader } from './column-reader.ts';
import { damageUnless, ParquetDamage } from './damage.ts';
import { ForwardBytes } from './forward-bytes.ts';
import type { ParquetColumn } from './kind.ts';
import { readLayout, type FileLayout, type GroupLayout } from './layout.ts';
import { MAGIC } from './metadata.ts';

/** Bytes of an object, or of a range of it, as ObjectStore.read gives them. */
export type ReadObject = (
  key: string,
  range?: { readonly offset: number; readonly length: number },
) => AsyncIterable<Uint8Array>;

export interface FileToRead {
  readonly key: string;
  readonly bytes: number;
}

export interface ReadFile extends FileToRead {
  /** Over every byte from which rows were taken, and the others of the file. */
  readonly sha256: string;
  readonly rows: number;
}

/** Rows that can be taken now. All of them are to be taken before the next batch is asked for. */
export interface RowBatch {
  readonly rows: number;
  /** Appends each value of the next row: `heads` before it, one for each column, its length and its binary form. */
  take(to: ByteSink, heads?: readonly Buffer[]): void;
}

/** Footer length and magic, at the end. */
const TAIL_BYTES = 8;
/** Holds the footer of a file of a million rows, so that one request is enough. */
const FIRST_GUESS_BYTES = 128 * 1024;

/**
 * Reads a Parquet file of this program: its footer first, then all of it from front to back, once, one row group in memory.
 * @throws OrdersyncError `unhealthy` naming the file and what is damaged in it
 */
export async function* readParquet(
  read: ReadObject,
  file: FileToRead,
  columns: readonly ParquetColumn[],
): AsyncGenerator<RowBatch, ReadFile, void> {
  let place = 'the footer';
  const named = (error: unknown): unknown => nameDamage(error, file, place);
  try {
    const footer = await readFooter(read, file);
    const footerAt = file.bytes - TAIL_BYTES - footer.length;
    const layout = readLayout(footer, footerAt, columns);
    const digest = createHash('sha256');
    const bytes = new ForwardBytes(read(file.key), digest);
    try {
      damageUnless((await bytes.take(MAGIC.length)).equals(MAGIC), 'it does not begin as Parquet files do');
      for (const [index, group] of layout.groups.entries()) {
        place = `row group ${index + 1} of ${layout.groups.length}`;
        const readers = openGroup(await bytes.take(group.end - group.start), group, columns);
        yield* readGroup(readers, group.rows, named);
      }
      place = 'the footer';
      damageUnless((await bytes.take(footer.length)).equals(footer), 'it came differently a moment before');
      await bytes.take(TAIL_BYTES);
      damageUnless(await bytes.ended(), 'bytes follow after the end');
    } finally {
      await bytes.close();
    }
    return readFileOf(file, layout, digest);
  } catch (error) {
    throw named(error);
  }
}

function readFileOf({ key, bytes }: FileToRead, { rows }: FileLayout, digest: Hash): ReadFile {
  return { key, bytes, sha256: digest.digest('hex'), rows };
}

async function readFooter(read: ReadObject, { key, bytes }: FileToRead): Promise<Buffer> {
  damageUnless(bytes >= MAGIC.length + TAIL_BYTES, 'the file is too short');
  const tail = async (length: number): Promise<Buffer> => {
    const range = new ForwardBytes(read(key, { offset: bytes - length, length }));
    try {
      const taken = await range.take(length);
      damageUnless(await range.ended(), 'bytes follow after the end');
      return taken;
    } finally {
      await range.close();
    }
  };
  const guess = await tail(Math.min(bytes - MAGIC.length, FIRST_GUESS_BYTES));
  damageUnless(guess.subarray(-MAGIC.length).equals(MAGIC), 'it does not end as Parquet files do');
  const length = guess.readUInt32LE(guess.length - TAIL_BYTES);
  damageUnless(length <= bytes - MAGIC.length - TAIL_BYTES, 'it is longer than the file');
  const whole = length + TAIL_BYTES > guess.length ? await tail(length + TAIL_BYTES) : guess;
  return whole.subarray(-length - TAIL_BYTES, -TAIL_BYTES);
}

function openGroup(bytes: Buffer, group: GroupLayout, columns: readonly ParquetColumn[]): readonly ColumnReader[] {
  return columns.map((column, index) => {
    // readLayout holds every group to the number of columns.
    const { codec, start, end } = group.chunks[index] as GroupLayout['chunks'][number];
    return new ColumnReader(column, codec, bytes.subarray(start - group.start, end - group.start), group.rows);
  });
}

async function* readGroup(
  readers: readonly ColumnReader[],
  groupRows: number,
  named: (error: unknown) => unknown,
): AsyncGenerator<RowBatch, void, void> {
  const take: RowBatch['take'] = (to, heads) => {
    try {
      for (const [index, reader] of readers.entries()) {
        if (heads !== undefined) to.append(heads[index] as Buffer); // as many as there are columns
        reader.take(to);
      }
    } catch (error) {
      throw named(error);
    }
  };
  for (let left = groupRows; left > 0;) {
    await Promise.all(readers.filter(({ ready }) => ready === 0).map(async (reader) => reader.load()));
    const rows = readers.reduce((least, reader) => Math.min(least, reader.ready), left);
    damageUnless(rows > 0, 'a page is empty');
    yield { rows, take };
    left -= rows;
  }
  for (const reader of readers) reader.finish();
}

function nameDamage(error: unknown, { key }: FileToRead, place: string): unknown {
  return error instanceof ParquetDamage ? damagedFile(key, place, error) : error;
}

export function damagedFile(key: string, place: string, cause: Error): OrdersyncError {
  return new OrdersyncError('unhealthy', `${key} is damaged, in ${place}: ${cause.message}`, {
    hint: 'its bytes are not those that were written: take the file from another copy of the store',
    facts: { file: key, place, reason: 'damaged' },
    cause,
  });
}
