import type { ArchivedSource } from '../manifest/manifest.ts';
import { ByteSink } from '../parquet/byte-sink.ts';
import { readParquet, type ReadObject } from '../parquet/file-reader.ts';
import { COPY_HEAD_BYTES, COPY_SIGNATURE } from './copy-records.ts';
import { parquetColumns } from './kinds.ts';

const PIECE_BYTES = 128 * 1024;
const END_OF_ROWS = -1;

/**
 * The rows of files as one stream for `copy … (columns in the order of the source) from stdin (format binary)`, with its
 * head and its end..
 * @throws OrdersyncError `unhealthy` for a damaged file: before its last rows were given out, but after its first
 */
export async function* copyBinaryOf(
  read: ReadObject,
  source: Pick<ArchivedSource, 'columns' | 'files'>,
): AsyncGenerator<Buffer, void, void> {
  const columns = parquetColumns(source.columns);
  const piece = new ByteSink(2 * PIECE_BYTES);
  piece.append(Buffer.concat([COPY_SIGNATURE, Buffer.alloc(COPY_HEAD_BYTES - COPY_SIGNATURE.length)]));
  for (const { key, bytes } of source.files) {
    for await (const batch of readParquet(read, { key, bytes }, columns)) {
      for (let left = batch.rows; left > 0; left -= 1) {
        putCount(piece, columns.length);
        batch.take(piece);
        if (piece.length < PIECE_BYTES) continue;
        yield piece.toBuffer();
        piece.length = 0;
      }
    }
  }
  putCount(piece, END_OF_ROWS);
  yield piece.toBuffer();
}

function putCount(piece: ByteSink, count: number): void {
  piece.reserve(2);
  piece.length = piece.bytes.writeInt16BE(count, piece.length);
}
