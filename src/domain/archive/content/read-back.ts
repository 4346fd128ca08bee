import { OrdersyncError } from '../../../errors.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import { ByteSink } from '../parquet/byte-sink.ts';
import { damagedFile, readParquet, type ReadFile, type ReadObject } from '../parquet/file-reader.ts';
import type { Content } from './content.ts';
import { ContentBuilder } from './content-builder.ts';
import { parquetColumns } from './kinds.ts';
import { RecordView } from './record.ts';

export type ReadBack = Content & { readonly files: readonly ReadFile[] };

/** Whoever looks at the rows while they pass. */
export interface RowWatch {
  /** Hears now and then how many rows have been read. */
  readonly tick?: ((rows: number) => void) | undefined;
  /** Sees each row; it is gone afterwards. */
  readonly each?: ((record: RecordView) => void) | undefined;
}

const TICK_ROWS = 20_000;

/**
 * The content that the bytes of files hold. Each file's digest is over the very bytes from which its rows were taken; the
 * caller compares it, and the content, with what it expects.
 * @throws OrdersyncError `unhealthy` for a damaged file
 */
export async function contentOfFiles(
  read: ReadObject,
  source: Pick<ArchivedSource, 'columns' | 'timeColumn' | 'orderedBy' | 'files'>,
  { tick, each }: RowWatch = {},
): Promise<ReadBack> {
  const columns = parquetColumns(source.columns);
  const content = new ContentBuilder(source);
  const record = new RecordView(source.columns);
  const heads = source.columns.map(({ oid }) => uint32(oid));
  const count = uint32(columns.length);
  const row = new ByteSink();
  const files: ReadFile[] = [];
  for (const { key, bytes } of source.files) {
    const batches = readParquet(read, { key, bytes }, columns);
    try {
      let step = await batches.next();
      for (; step.done !== true; step = await batches.next()) {
        for (let left = step.value.rows; left > 0; left -= 1) {
          row.length = 0;
          row.append(count);
          step.value.take(row, heads);
          record.show(row.bytes, 0, row.length);
          addRow(content, record, key);
          each?.(record);
          if (content.rows % TICK_ROWS === 0) tick?.(content.rows);
        }
      }
      files.push(step.value);
    } finally {
      await batches.return(undefined as never); // closes what a failure left open; its value is nobody's
    }
  }
  return { ...content.finish(), files };
}

/** What the content refuses was never exported. */
function addRow(content: ContentBuilder, record: RecordView, key: string): void {
  try {
    content.add(record);
  } catch (error) {
    throw error instanceof OrdersyncError ? damagedFile(key, `row ${content.rows + 1} of the source`, error) : error;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
