import type { Context, ProgressEvent, Work } from '../../../context.ts';
import { copyOut } from '../../../db/copy-out.ts';
import { describeServerError } from '../../../db/server-error.ts';
import type { SentObject, Upload } from '../../../store/store.ts';
import { DEFAULT_CODEC, type Codec } from '../parquet/compression.ts';
import { ParquetFileWriter } from '../parquet/file-writer.ts';
import type { ArchiveSource, Content } from './content.ts';
import { ContentBuilder } from './content-builder.ts';
import { CopyRecords } from './copy-records.ts';
import { parquetColumns, requireOrder } from './kinds.ts';
import { beginExport, copyRecords } from './queries.ts';
import { RecordView } from './record.ts';
import type { RowPace } from './row-pace.ts';

export interface ExportRequest {
  readonly source: ArchiveSource;
  /** Of pg_export_snapshot(), in a transaction that is still open. */
  readonly snapshot?: string;
  /** The upload of the file with this number, from 0. */
  readonly openFile: (index: number) => Promise<Upload>;
  readonly rowsPerFile?: number;
  readonly codec?: Codec;
  /** As fast as it goes without. */
  readonly pace?: RowPace;
}

export interface Exported {
  readonly content: Content;
  /** In the order of their rows; none without rows. */
  readonly files: readonly ExportedFile[];
}

export type ExportedFile = SentObject & { readonly rows: number };

/** Half a gigabyte of audit rows: engines read several files at once, and a damaged one costs less. */
const ROWS_PER_FILE = 1_000_000;
const PROGRESS_ROWS = 20_000;

/**
 * Writes the rows of a source into Parquet files, in the order of the archive, and says what they are as they went through
 * this process. Memory does not depend on how many there are.
 * @throws OrdersyncError `precondition` for values and types that an archive cannot hold; what server and store said
 */
export async function* exportSource(needs: Pick<Context, 'db' | 'signal'>, request: ExportRequest): Work<Exported> {
  const { source, openFile, codec = DEFAULT_CODEC, rowsPerFile = ROWS_PER_FILE, pace } = request;
  requireOrder(source);
  const columns = parquetColumns(source.columns);
  const notes = { 'ordersync.format': 'ordersync-archive/1', 'ordersync.table': source.table };
  const content = new ContentBuilder(source);
  const record = new RecordView(source.columns);
  const records = new CopyRecords();
  const files: ExportedFile[] = [];
  let file: ParquetFileWriter | undefined;
  try {
    for await (const piece of readCopy(needs, request)) {
      records.push(piece);
      while (records.next(record)) {
        if (content.rows === 0) record.requireTypes();
        file ??= new ParquetFileWriter({ columns, upload: await openFile(files.length), codec, notes });
        content.add(record);
        file.add(record);
        const resting = pace?.passed() === true;
        if (resting || content.rows % PROGRESS_ROWS === 0) yield progressOf(source, content.rows);
        if (resting) await pace.rest();
        if (file.rows < rowsPerFile) continue;
        files.push(await file.finish());
        file = undefined;
      }
      await file?.room();
    }
    records.finish();
    if (file !== undefined) files.push(await file.finish());
    file = undefined;
    yield progressOf(source, content.rows);
    return { content: content.finish(), files };
  } finally {
    await file?.abandon();
  }
}

/** One connection for one copy: it cannot be used again. */
async function* readCopy(
  { db, signal }: Pick<Context, 'db' | 'signal'>,
  { source, snapshot }: ExportRequest,
): AsyncGenerator<Buffer, void, void> {
  const session = await db.open({ purpose: 'export' });
  try {
    await beginExport(session, snapshot);
    yield* copyOut(session, copyRecords(source), signal);
  } catch (error) {
    throw describeServerError(error) ?? error;
  } finally {
    await session.close();
  }
}

function progressOf({ table }: ArchiveSource, done: number): ProgressEvent {
  return { kind: 'progress', label: `export ${table}`, done, unit: 'rows' };
}
