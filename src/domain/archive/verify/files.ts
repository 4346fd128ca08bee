import { createHash } from 'node:crypto';
import type { Context } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { compareContent } from '../content/compare.ts';
import type { Content } from '../content/content.ts';
import { contentOfFiles } from '../content/read-back.ts';
import type { RecordView } from '../content/record.ts';
import { SomeColumns } from '../content/some-columns.ts';
import type { ArchivedSource, ArchiveFile, SupersededSource } from '../manifest/manifest.ts';
import { countingBytes, readCounted } from '../paced.ts';
import type { FileFault, Finding } from './finding.ts';

export interface SourceToCheck {
  readonly sequence: number;
  readonly source: ArchivedSource;
  /** Of a rewrap: what its rows have in common with those of the manifest before. */
  readonly unchanged?: SupersededSource['unchanged'] | undefined;
  /** Sees each row that is read. */
  readonly each?: ((record: RecordView) => void) | undefined;
}

type Needs = Pick<Context, 'signal'> & { readonly store: ObjectStore; readonly advance: (bytes: number) => void };

/** Whether the files of a source are there and as large as they should be, without reading them. */
export async function checkPresence(
  { store, signal }: Omit<Needs, 'advance'>,
  { sequence, source }: SourceToCheck,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { key, bytes } of source.files) {
    signal.throwIfAborted();
    const found = await store.head(key);
    if (found?.bytes === bytes) continue;
    findings.push(
      found === undefined
        ? at(sequence, key, 'missing_file', 'it is missing')
        : at(sequence, key, 'other_size', `it has ${found.bytes} bytes, and the manifest says ${bytes}`),
    );
  }
  return findings;
}

/** Reads all bytes of one file and compares their sha256. */
export async function checkBytes(
  { store, signal, advance }: Needs,
  sequence: number,
  { key, bytes, sha256 }: ArchiveFile,
): Promise<Finding[]> {
  const hash = createHash('sha256');
  let found = 0;
  try {
    for await (const piece of countingBytes(store.read(key), advance, signal)) {
      hash.update(piece);
      found += piece.length;
    }
  } catch (error) {
    // Looked for a moment ago; what went or was cut since is as bad.
    if (storeFaultOf(error) === 'not_found') return [at(sequence, key, 'missing_file', 'it is missing')];
    if (storeFaultOf(error) === 'truncated') return [at(sequence, key, 'other_size', errorText(error))];
    throw error;
  }
  if (found !== bytes)
    return [at(sequence, key, 'other_size', `it has ${found} bytes, and the manifest says ${bytes}`)];
  if (hash.digest('hex') === sha256) return [];
  return [at(sequence, key, 'other_bytes', 'its sha256 is not the one in the manifest')];
}

/**
 * Reads the rows out of all bytes of a source's files, and compares them with the manifest: files by their sha256, rows by
 * the root of each hour.
 */
export async function checkContent(needs: Needs, wanted: SourceToCheck): Promise<Finding[]> {
  const { sequence, source, unchanged, each } = wanted;
  const { store, signal, advance } = needs;
  const same = unchanged == null ? undefined : new SomeColumns(source, unchanged.columns);
  const see = (record: RecordView): void => {
    same?.add(record);
    each?.(record);
  };
  try {
    const content = await contentOfFiles(readCounted(store, advance, signal), source, { each: see });
    const differing = content.files.flatMap((found, index) => differingFile(sequence, found, source.files[index]));
    const changed =
      unchanged == null || same?.finish().root === unchanged.root
        ? []
        : [
            at(
              sequence,
              placeOf(source),
              'other_content',
              'columns that no key changes are not as they were before it',
            ),
          ];
    return [...differing, ...differingHours(sequence, source, content), ...changed];
  } catch (error) {
    if (!(error instanceof OrdersyncError) || error.code !== 'unhealthy') throw error;
    const broken: Finding[] = [];
    for (const file of source.files)
      broken.push(...(await checkBytes({ ...needs, advance: () => undefined }, sequence, file)));
    const first = source.files[0]?.key ?? '';
    return broken.length > 0 ? broken : [at(sequence, first, 'unreadable', errorText(error))];
  }
}

/** As checkBytes, for a file whose rows somebody wants to see. */
export async function checkRows(
  needs: Needs,
  { sequence, source, each }: SourceToCheck,
  file: ArchiveFile,
): Promise<Finding[]> {
  const { store, signal, advance } = needs;
  try {
    const read = readCounted(store, advance, signal);
    const { files } = await contentOfFiles(read, { ...source, files: [file] }, { each });
    return files.flatMap((found) => differingFile(sequence, found, file));
  } catch (error) {
    if (!(error instanceof OrdersyncError) || error.code !== 'unhealthy') throw error;
    const broken = await checkBytes({ ...needs, advance: () => undefined }, sequence, file);
    return broken.length > 0 ? broken : [at(sequence, file.key, 'unreadable', errorText(error))];
  }
}

function differingFile(sequence: number, found: ArchiveFile, expected: ArchiveFile | undefined): Finding[] {
  if (expected === undefined) return [at(sequence, found.key, 'other_bytes', 'no such file is in the manifest')];
  const { key, sha256, rows, bytes } = expected;
  if (found.bytes !== bytes) return [at(sequence, key, 'other_size', `it has ${found.bytes} bytes, not ${bytes}`)];
  if (found.sha256 !== sha256) return [at(sequence, key, 'other_bytes', 'its sha256 is not the one in the manifest')];
  return found.rows === rows ? [] : [at(sequence, key, 'other_rows', `it has ${found.rows} rows, not ${rows}`)];
}

function differingHours(sequence: number, source: ArchivedSource, content: Content): Finding[] {
  const { equal, differing } = compareContent(source, content);
  if (equal) return [];
  const place = placeOf(source);
  if (differing.length === 0)
    return [at(sequence, place, 'other_content', 'its rows do not make up the archived root')];
  return differing.map(({ hour, message }) => ({
    ...at(sequence, place, 'other_content', message),
    ...(hour === null ? {} : { hour }),
  }));
}

function placeOf({ files, table }: ArchivedSource): string {
  return files.map(({ key }) => key).join(', ') || table;
}

function at(sequence: number, place: string, fault: FileFault, message: string): Finding {
  return { fault, sequence, place, message };
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
