import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { rewrapSite } from '../../support/archive/rewrap-site.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';

/** A site whose store is a directory, for all tests of a describe block. */
export function useRewrapFolder() {
  const store = { path: '' };
  beforeAll(() => {
    store.path = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
  });
  afterAll(() => rmSync(store.path, { recursive: true, force: true }));
  const database = useSchema();
  const site = rewrapSite({
    database,
    keyring: useKeyring(),
    reader: () => directoryReader(store.path),
    storeEnv: () => ({ ORDERSYNC_ARCHIVE: store.path }),
  });
  const filesOf = (manifest: number): readonly string[] => {
    const text = readFileSync(path.join(store.path, `manifests/${String(manifest).padStart(9, '0')}.json`), 'utf8');
    const signed = JSON.parse(text) as { manifest: { sources: { files: { key: string }[] }[] } };
    return signed.manifest.sources.flatMap(({ files }) => files.map(({ key }) => key));
  };
  const flipByte = (key: string) => {
    const file = path.join(store.path, key);
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    rmSync(file);
    writeFileSync(file, bytes);
  };
  const listed = async () => directoryReader(store.path).list();
  const states = async () =>
    (await site.rows('archive verify')).map(({ manifest, state, place }) => [
      manifest,
      state,
      ...(place ? [place] : []),
    ]);
  return { ...site, database, store, filesOf, flipByte, listed, states };
}
