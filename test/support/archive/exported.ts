import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ArchiveSource } from '../../../src/domain/archive/content/content.ts';
import { exportSource, type Exported, type ExportRequest } from '../../../src/domain/archive/content/export.ts';
import type { ArchivedSource } from '../../../src/domain/archive/manifest/manifest.ts';
import { driven, type TestContext } from '../context.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';

export interface InMemory extends Exported {
  readonly store: MemoryStore;
  /** As a manifest names it. */
  readonly archived: ArchivedSource;
}

/** Exports a source into memory. */
export async function exportToMemory(
  ctx: TestContext,
  source: ArchiveSource,
  request: Partial<ExportRequest> = {},
): Promise<InMemory> {
  const store = memoryStore();
  const openFile = async (index: number) => store.upload(`${source.table}/part-${index}.parquet`);
  const { result } = await driven(exportSource(ctx, { source, openFile, ...request }));
  const { from: _, ...described } = source;
  const archived = { ...described, timeColumn: source.timeColumn ?? null, ...result.content, files: result.files };
  return { ...result, store, archived };
}

/** Writes what was exported into a folder, with a manifest as far as an auditor reads it. */
export async function writeToFolder(sources: readonly InMemory[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ordersync-archive-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  for (const { store } of sources) {
    for (const [key, bytes] of store.objects) {
      await mkdir(dirname(join(folder, key)), { recursive: true });
      await writeFile(join(folder, key), bytes);
    }
  }
  await mkdir(join(folder, 'manifests'));
  const signed = { manifest: { sequence: 1, sources: sources.map(({ archived }) => archived) } };
  await writeFile(join(folder, 'manifests/000000001.json'), JSON.stringify(signed));
  return folder;
}
