import type { Session } from '../../../db/session.ts';
import type { ChunkSize } from './chunk-queries.ts';
import { insertChunks } from './chunk-queries.ts';
import type { RotationTable } from './types.ts';

/**
 * About a second of work: long enough that claiming costs nothing and that a page is passed by only after several other
 * statements, whose snapshots would keep it from being pruned; short enough that a crash repeats little. A chunk takes no
 * memory: it is read as it is written.
 */
const CHUNK_SIZE: ChunkSize = { rows: 48_000, pages: 4096, bytes: 32 * 1024 * 1024 };

/**
 * Records what a run has to work on: ranges of pages of every leaf of the tables, as large as they are now. Rows that
 * come later are the sweep's. Partitions without a page have no chunk.
 * @returns how many chunks were added
 */
export async function cutChunks(
  session: Pick<Session, 'sql'>,
  run: { readonly id: string },
  tables: readonly RotationTable[],
): Promise<number> {
  return insertChunks(session, { run: run.id, tables: tables.map(({ table }) => table.name), size: CHUNK_SIZE });
}
