import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { onTestFinished } from 'vitest';
import { publishHead } from '../../../src/domain/archive/manifest/head.ts';
import type { ArchivedSource, Manifest, SignedManifest } from '../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes } from '../../../src/domain/archive/manifest/parse.ts';
import { manifestKey } from '../../../src/domain/archive/manifest/places.ts';
import { sendBytes } from '../../../src/domain/archive/manifest/send.ts';
import { signingKeyId, signManifest } from '../../../src/domain/archive/manifest/sign.ts';
import type { Trust } from '../../../src/domain/archive/verify/trust.ts';
import { openDirectoryStore } from '../../../src/store/directory.ts';
import type { ObjectStore } from '../../../src/store/store.ts';

/** Rows of one table in one manifest, as a query of DuckDB; undefined: none. */
export interface HandMadePart {
  readonly table: string;
  readonly month: string;
  readonly kind?: Manifest['kind'];
  readonly rows: string | undefined;
}

export interface HandMadeArchive {
  readonly folder: string;
  readonly store: ObjectStore;
  readonly trust: Trust;
  readonly chain: readonly SignedManifest[];
}

const COLUMNS = [
  { name: 'id', type: 'integer', oid: 23, nullable: false },
  { name: 'word', type: 'text', oid: 25, nullable: true },
  { name: 'created_at', type: 'timestamp with time zone', oid: 1184, nullable: false },
];

/** A small signed archive in a directory, with Parquet files that DuckDB wrote: id, word and created_at. */
export async function handMadeArchive(parts: readonly HandMadePart[]): Promise<HandMadeArchive> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openDirectoryStore({ path: folder });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signer = { id: signingKeyId(publicKey), publicKey, privateKey };
  const chain: SignedManifest[] = [];
  for (const [index, part] of parts.entries()) {
    const source = await sourceOf(folder, part, index);
    const signed = signManifest(signer, manifestOf(part, source, chain));
    await sendBytes(store, manifestKey(index + 1), manifestBytes(signed));
    chain.push(signed);
  }
  const head = { sequence: chain.length, digest: chain.at(-1)?.digest ?? '' };
  await publishHead(store, head);
  return {
    folder,
    store,
    chain,
    trust: { source: 'test', publicKeys: new Map([[signer.id, publicKey]]), known: [head] },
  };
}

async function sourceOf(folder: string, { table, month, rows }: HandMadePart, index: number): Promise<ArchivedSource> {
  const [year, number] = month.split('-');
  const files = rows === undefined ? [] : [`${table}/year=${year}/month=${number}/part-00000-${index}.parquet`];
  for (const key of files) await writeParquet(path.join(folder, key), rows ?? '');
  const described = files.map((key) => {
    const bytes = readFileSync(path.join(folder, key));
    return { key, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), rows: 0 };
  });
  return {
    table,
    columns: COLUMNS,
    timeColumn: 'created_at',
    orderedBy: ['created_at', 'id'],
    rows: 0,
    minTime: null,
    maxTime: null,
    root: '0'.repeat(64),
    leaves: [],
    keyIds: {},
    files: described,
  };
}

async function writeParquet(file: string, rows: string): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`copy (${rows}) to '${file}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
}

function manifestOf(
  { table, month, kind = 'month' }: HandMadePart,
  source: ArchivedSource,
  chain: readonly SignedManifest[],
): Manifest {
  return {
    format: 'ordersync-archive/1',
    sequence: chain.length + 1,
    kind,
    table,
    month,
    lower: `${month}-01T00:00:00Z`,
    upper: `${month}-28T00:00:00Z`,
    sources: [source],
    schemaVersion: '033',
    database: { systemIdentifier: '1', name: 'test' },
    tool: 'test',
    createdAt: '2026-01-01T00:00:00Z',
    previous: chain.at(-1)?.digest ?? null,
  };
}
