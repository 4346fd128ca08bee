import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';

/** What a store holds, by any reader that is not the product's. */
export interface StoreReader {
  /** Keys of all finished objects. */
  list(): Promise<readonly string[]>;
  read(key: string): Promise<Buffer>;
}

interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

interface StoredSource {
  readonly table: string;
  readonly columns: readonly StoredColumn[];
  readonly rows: number;
  readonly files: readonly {
    readonly key: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly rows: number;
  }[];
}

/** The document `manifests/000000001.json`, as far as the checker looks at it. */
export interface StoredManifest {
  readonly digest: string;
  readonly manifest: {
    readonly sequence: number;
    readonly kind: string;
    readonly table: string;
    readonly month: string;
    readonly previous: string | null;
    readonly supersedes?: { readonly sequence: number };
    readonly sources: readonly StoredSource[];
  };
}

/** A row as text: columns by name, null where there is no value. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Manifests in the order of their numbers. */
export async function readStoredManifests(store: StoreReader): Promise<readonly StoredManifest[]> {
  const keys = (await store.list()).filter((key) => /^manifests\/\d+\.json$/.test(key)).sort();
  const manifests: StoredManifest[] = [];
  for (const key of keys) manifests.push(JSON.parse((await store.read(key)).toString('utf8')) as StoredManifest);
  return manifests;
}

/** Rows of one table in one manifest; a file with other bytes than the manifest says gives none, and its fault. */
export async function readStoredRows(
  store: StoreReader,
  { files, columns }: StoredSource,
): Promise<{ readonly rows: readonly TextRow[]; readonly faults: readonly string[] }> {
  const rows: TextRow[] = [];
  const faults: string[] = [];
  for (const file of files) {
    const bytes = await store.read(file.key).catch(() => undefined); // a file that is gone is a fault like any other
    if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
      faults.push(`${file.key} is not what its manifest says`);
      continue;
    }
    const found = await readParquet(bytes);
    if (found.length !== file.rows)
      faults.push(`${file.key} has ${found.length} rows, and its manifest says ${file.rows}`);
    for (const row of found) rows.push(textOf(row, columns));
  }
  return { rows, faults };
}

async function readParquet(bytes: Buffer): Promise<readonly Record<string, unknown>[]> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }; // Node 22.15 and later
  return parquetReadObjects({
    file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
    compressors: {
      GZIP: (piece) => zlib.gunzipSync(piece),
      ...(zstdDecompressSync === undefined ? {} : { ZSTD: (piece) => zstdDecompressSync(piece) }),
    },
    // Texts, so that nothing is rounded.
    parsers: {
      timestampFromMicroseconds: String,
      jsonFromBytes: (piece) => piece && Buffer.from(piece).toString('utf8'),
    },
  });
}

function textOf(row: Record<string, unknown>, columns: readonly StoredColumn[]): TextRow {
  return Object.fromEntries(
    columns.map(({ name }) => {
      const value = row[name] as string | number | bigint | boolean | null | undefined; // by the parsers above
      return [name, value === null || value === undefined ? null : String(value)];
    }),
  );
}
