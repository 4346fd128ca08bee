import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { ProgressEvent, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { compareContent } from '../content/compare.ts';
import type { Content } from '../content/content.ts';
import { ContentBuilder } from '../content/content-builder.ts';
import { parquetColumns } from '../content/kinds.ts';
import type { ArchivedPairs } from '../content/pairs.ts';
import { pairsOf, unchangedColumns } from '../content/pairs.ts';
import { SomeColumns } from '../content/some-columns.ts';
import type { ArchivedSource, ArchiveFile, SupersededSource } from '../manifest/manifest.ts';
import { DEFAULT_CODEC } from '../parquet/compression.ts';
import { readParquet } from '../parquet/file-reader.ts';
import { ParquetFileWriter } from '../parquet/file-writer.ts';
import type { RewrapRun } from './needs.ts';
import { reach } from './needs.ts';
import type { Renewal } from './renew-rows.ts';
import { RowBuffer } from './row-buffer.ts';

export interface RewrittenSource {
  readonly source: ArchivedSource;
  readonly superseded: SupersededSource;
}

export interface Rewrite {
  readonly source: ArchivedSource;
  readonly renewal: Renewal;
  readonly rewrapId: string;
}

/** 16 hex digits, as the names of exports have. */
export function newRewrapId(): string {
  return randomBytes(8).toString('hex');
}

/** `audit_logs/year=2025/month=01/part-00000-<id>.parquet` beside the file it is made from. */
function newKey({ key }: ArchiveFile, index: number, rewrapId: string): string {
  return `${path.posix.dirname(key)}/part-${String(index).padStart(5, '0')}-${rewrapId}.parquet`;
}

/** Whether any value of a source is under one of these keys. */
export function concerns({ kids }: Pick<Renewal, 'kids'>, { keyIds }: ArchivedSource): boolean {
  return Object.keys(keyIds).some((kid) => kids.has(kid));
}

/**
 * Writes the rows of a source into new files, one for each old one, with values under other keys. What it reads has to be
 * what the manifest says, and everything but those values goes through unchanged. Memory does not depend on the rows.
 * @throws OrdersyncError `unhealthy` for files that are not as they were signed, and for values that cannot be decrypted
 */
export async function* rewriteSource(run: RewrapRun, { source, renewal, rewrapId }: Rewrite): Work<RewrittenSource> {
  const pairs = pairsOf(source);
  if (pairs === undefined) throw new TypeError(`${source.table} has values under keys, and no encrypted columns`);
  const columns = unchangedColumns(source, pairs);
  const passes: Passes = {
    old: new ContentBuilder(source),
    same: new SomeColumns(source, columns),
    renewed: new ContentBuilder(source),
  };
  const files: ArchiveFile[] = [];
  for (const [index, file] of source.files.entries()) {
    const key = newKey(file, index, rewrapId);
    files.push(yield* rewriteFile(run, { source, renewal, pairs, passes }, file, key));
    reach(run, 'rewrap-mid-write');
  }
  requireContent(source, passes.old.finish());
  const content = passes.renewed.finish();
  const { root, leaves } = passes.same.finish();
  return {
    source: { ...source, ...content, files },
    superseded: { table: source.table, root: source.root, unchanged: { columns, root, leaves } },
  };
}

/** What the rows say while they pass: as they are read, what of it stays, and as they are written. */
interface Passes {
  readonly old: ContentBuilder;
  readonly same: SomeColumns;
  readonly renewed: ContentBuilder;
}

interface FileRewrite {
  readonly source: ArchivedSource;
  readonly renewal: Renewal;
  readonly pairs: ArchivedPairs;
  readonly passes: Passes;
}

async function* rewriteFile(
  { ctx, store }: RewrapRun,
  { source, renewal, pairs, passes }: FileRewrite,
  file: ArchiveFile,
  key: string,
): Work<ArchiveFile> {
  const columns = parquetColumns(source.columns);
  const notes = { 'ordersync.format': 'ordersync-archive/1', 'ordersync.table': source.table };
  const upload = await store.upload(key, { ifAbsent: true });
  const writer = new ParquetFileWriter({ columns, upload, codec: DEFAULT_CODEC, notes });
  const rows = new RowBuffer(source, { pairs, renewal });
  const batches = readParquet((name, range) => store.read(name, range), file, columns);
  let finished = false;
  try {
    let step = await batches.next();
    for (; step.done !== true; step = await batches.next()) {
      for (let left = step.value.rows; left > 0;) {
        ctx.signal.throwIfAborted();
        left -= rows.fill(step.value, left);
        for (const { before, after } of rows.renew()) {
          passes.old.add(before);
          passes.same.add(before);
          passes.renewed.add(after);
          writer.add(after);
        }
        await writer.room();
        yield progressOf(source, passes.old.rows);
      }
    }
    requireFile(file, step.value);
    const sent = await writer.finish();
    finished = true;
    return { key: sent.key, bytes: sent.bytes, sha256: sent.sha256, rows: sent.rows };
  } catch (error) {
    // A value that somebody changed cannot be decrypted either: then the file is at fault, and another copy of it helps.
    if (isUnreadable(error) && !(await readBackEquals(store, file))) throw notAsSigned(file);
    throw error;
  } finally {
    await batches.return(undefined as never); // closes what a failure left open; its value is nobody's
    if (!finished) await writer.abandon();
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof OrdersyncError && error.details.facts?.['reason'] === 'unreadable_values';
}

function requireFile(file: ArchiveFile, found: ArchiveFile): void {
  const { bytes, sha256, rows } = file;
  if (found.bytes !== bytes || found.sha256 !== sha256 || found.rows !== rows) throw notAsSigned(file);
}

function notAsSigned({ key }: ArchiveFile): OrdersyncError {
  return new OrdersyncError('unhealthy', `${key} is not what its manifest says`, {
    hint: 'nothing stands for it yet; ordersync archive verify looks at all of the archive',
    facts: { file: key },
  });
}

function requireContent(source: ArchivedSource, found: Content): void {
  const { equal, differing } = compareContent(source, found);
  if (equal) return;
  throw new OrdersyncError('unhealthy', `the files of ${source.table} do not hold the archived rows`, {
    body: differing.map(({ hour, message }) => (hour === null ? message : `${hour}: ${message}`)),
    hint: 'nothing stands for them yet; ordersync archive verify looks at all of the archive',
  });
}

function progressOf({ table, rows: total }: ArchivedSource, done: number): ProgressEvent {
  return { kind: 'progress', label: `rewrap ${table}`, done, total, unit: 'rows' };
}
