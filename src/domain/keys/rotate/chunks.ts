import type { Session } from '../../../db/session.ts';
import type { ChunkSize } from './chunk-queries.ts';
import { insertChunks } from './chunk-queries.ts';
import type { RotationTable } from './types.ts';

/**
 * Some hundred milliseconds of work: long enough that claiming costs nothing, short enough that a crash repeats little. The
 * bound of pages (5 MB) is also how much is held at once, of a chunk and the one read ahead, where nothing is stored out of
 * line: with 16 MB the process took 280 MB for audit rows, with 8 MB 210.
 */
const CHUNK_SIZE: ChunkSize = { rows: 24_000, pages: 640, bytes: 32 * 1024 * 1024 };

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
