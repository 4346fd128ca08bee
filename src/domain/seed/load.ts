import type { Clock, Work } from '../../context.ts';
import { startCopyIn } from '../../db/copy.ts';
import type { CopyIn } from '../../db/copy.ts';
import type { Session } from '../../db/session.ts';
import type { Demo } from './demo.ts';
import type { Encoder } from './encode.ts';
import { createEncoder } from './encode.ts';
import type { SeedKeys } from './keys.ts';
import { analyzeTable } from './queries.ts';
import type { SeedRow, SeedTable, TableName } from './table.ts';

export interface LoadNeeds {
  readonly session: Session;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface LoadRequest {
  readonly demo: Demo;
  readonly keys: SeedKeys;
  readonly tables: readonly SeedTable[];
  /** Rows of all tables, for the progress. */
  readonly totalRows: number;
}

export interface LoadedTable {
  readonly name: TableName;
  readonly rows: number;
  readonly milliseconds: number;
}

/** Rows encrypted at a time: enough to work by columns, few enough to be forgotten before V8 takes them for long-lived. */
const PIECE_ROWS = 200;
/**
 * Rows of one COPY statement. The server remembers every row until its foreign keys are checked at the end of the
 * statement, and reports a refused row only then.
 */
const STATEMENT_ROWS = 50_000;

/** Fills the tables in order, inside the caller's transaction. Stops between two pieces when the signal aborts. */
export async function* loadTables(needs: LoadNeeds, request: LoadRequest): Work<LoadedTable[]> {
  const loaded: LoadedTable[] = [];
  let before = 0;
  for (const table of request.tables) {
    const done = yield* loadTable(needs, request, { table, before });
    loaded.push(done);
    before += done.rows;
  }
  return loaded;
}

async function* loadTable(
  needs: LoadNeeds,
  { demo, keys, totalRows }: LoadRequest,
  { table, before }: { readonly table: SeedTable; readonly before: number },
): Work<LoadedTable> {
  const startedMs = needs.clock.monotonicMs();
  const encoder = createEncoder(table, keys);
  const pieces = piecesOf(demo, table);
  let rows = 0;
  for (let next = pieces.next(); next.done !== true;) {
    const copy = await startCopyIn(needs.session, { table: table.name, columns: encoder.columns });
    const until = rows + STATEMENT_ROWS;
    try {
      for (; next.done !== true && rows < until; next = pieces.next()) {
        await send(needs, copy, { encoder, piece: next.value });
        rows += next.value.length;
        yield {
          kind: 'progress',
          label: 'rows',
          done: before + rows,
          total: totalRows,
          unit: 'rows',
          detail: table.name,
        };
      }
      await copy.finish();
    } finally {
      await copy.abandon();
    }
  }
  await analyzeTable(needs.session.sql, table.name);
  return { name: table.name, rows, milliseconds: needs.clock.monotonicMs() - startedMs };
}

interface Piece {
  readonly encoder: Encoder;
  readonly piece: readonly SeedRow[];
}

async function send({ signal }: LoadNeeds, copy: CopyIn, { encoder, piece }: Piece): Promise<void> {
  signal.throwIfAborted();
  await copy.write(encoder.encode(piece));
}

function* piecesOf(demo: Demo, { unitsOf, rowsOf }: SeedTable): Generator<readonly SeedRow[], undefined> {
  let piece: SeedRow[] = [];
  const units = unitsOf(demo);
  for (let unit = 0; unit < units; unit += 1) {
    piece.push(...rowsOf(demo, unit));
    if (piece.length < PIECE_ROWS) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
