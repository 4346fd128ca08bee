import type postgres from 'postgres';
import type { Table } from './shadow.ts';
import { idOf, readLiveRows, readShadow, TABLES } from './shadow.ts';
import type { StoredManifest, StoreReader, TextRow } from './stored.ts';
import { readStoredManifests, readStoredRows } from './stored.ts';

export interface CheckRequest {
  /** The archive says that it is through: every file belongs to a manifest, and no row is in both places. */
  readonly finished: boolean;
}

export interface Checked {
  readonly live: number;
  readonly archived: number;
  /** Sentences; none when everything is as it should be. */
  readonly violations: readonly string[];
}

/**
 * Looks at a database and a store as they are left by whatever happened: each row that there ever was is in the database or
 * in a file that a manifest names and that has the bytes it says, with every value it had; the chain has no gap; no file
 * lies there that nobody knows of. It uses none of the program's code: Parquet is read by hyparquet.
 */
export async function checkArchive(
  sql: postgres.Sql,
  store: StoreReader,
  { finished }: CheckRequest,
): Promise<Checked> {
  const violations: string[] = [];
  const manifests = await readStoredManifests(store);
  violations.push(...chainFaults(manifests), ...(await strangers(sql, store, manifests, finished)));
  const archived = new Map<string, string[]>();
  for (const { manifest } of manifests) {
    for (const source of manifest.sources) {
      const { rows, faults } = await readStoredRows(store, source);
      violations.push(...faults);
      for (const row of rows) {
        const key = `${source.table} ${idOf(source.table, row)}`;
        archived.set(key, [...(archived.get(key) ?? []), canonical(row)]);
      }
    }
  }
  const state = { live: 0, archived: archived.size };
  for (const table of TABLES) state.live += await checkTable(sql, { table, archived, finished, violations });
  return { ...state, violations };
}

interface TableCheck {
  readonly table: Table;
  readonly archived: ReadonlyMap<string, readonly string[]>;
  readonly finished: boolean;
  readonly violations: string[];
}

async function checkTable(sql: postgres.Sql, { table, archived, finished, violations }: TableCheck): Promise<number> {
  const liveRows = await readLiveRows(sql, table);
  const live = new Map(liveRows.map((row) => [idOf(table, row), canonical(row)]));
  if (live.size !== liveRows.length) violations.push(`${table} has rows twice`);
  for (const [id, row] of await readShadow(sql, table)) {
    const wanted = canonical(row);
    const here = live.get(id);
    const there = archived.get(`${table} ${id}`) ?? [];
    if (here !== wanted && !there.includes(wanted)) {
      violations.push(`${here === undefined && there.length === 0 ? 'lost' : 'changed'} row: ${table} ${id}`);
    }
    if (finished && here !== undefined && there.length > 0) violations.push(`row in both places: ${table} ${id}`);
  }
  return live.size;
}

function chainFaults(manifests: readonly StoredManifest[]): readonly string[] {
  return manifests.flatMap(({ manifest }, index) => {
    const before = manifests[index - 1]?.digest ?? null;
    if (manifest.sequence !== index + 1) return [`manifest ${index + 1} is missing`];
    return manifest.previous === before ? [] : [`manifest ${manifest.sequence} does not follow the one before`];
  });
}

/** Files that no manifest names are allowed while the export that made them is not through. */
async function strangers(
  sql: postgres.Sql,
  store: StoreReader,
  manifests: readonly StoredManifest[],
  finished: boolean,
): Promise<readonly string[]> {
  const named = new Set(
    manifests.flatMap(({ manifest }) => manifest.sources.flatMap(({ files }) => files.map(({ key }) => key))),
  );
  const open = await sql<{ id: string | null }[]>`
    select export_id as id from archive_journal where state in ('planned', 'exported')`;
  const unknown = (await store.list()).filter(
    (key) =>
      key.endsWith('.parquet') &&
      !named.has(key) &&
      (finished || !open.some(({ id }) => id !== null && key.includes(id))),
  );
  return unknown.map((key) => `a file that nobody knows of: ${key}`);
}

/** JSON is compared by what it says: hyparquet gives the text that was stored, PostgreSQL the one it would write. */
function canonical(row: TextRow): string {
  return JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}
