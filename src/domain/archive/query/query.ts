import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { counted } from '../../../counted.ts';
import type { Context, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { SignedManifest } from '../manifest/manifest.ts';
import type { ArchivedMonth } from '../months.ts';
import { archivedMonths, partsOf, tablesOf } from '../months.ts';
import type { ProvenManifest } from '../verify/chain.ts';
import { readProven } from '../verify/chain.ts';
import type { QueryEngine } from './duckdb.ts';
import { openEngine, queryError } from './duckdb.ts';
import { bringFiles } from './files.ts';
import type { QueryCell, QueryColumnType } from './values.ts';
import { cellOf, columnTypeOf } from './values.ts';
import { viewOf } from './views.ts';

export interface QueryRequest {
  readonly text: string;
  /** None: all. */
  readonly months: readonly string[];
  readonly mostRows: number;
  readonly memoryBytes: number;
  readonly copyBytes: number;
  readonly trustFiles: boolean;
}

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: QueryColumnType }[];
  readonly rows: readonly (readonly QueryCell[])[];
  /** There are more rows than were asked for. */
  readonly cut: boolean;
  readonly files: number;
}

/**
 * Asks the archive by SQL. One view for each archived table, over the files that proven manifests name; encrypted values stay
 * as they are.
 * @param chain every manifest of the archive
 */
export async function* queryArchive(
  ctx: Pick<Context, 'signal'>,
  { store, chain }: { readonly store: ObjectStore; readonly chain: readonly ProvenManifest[] },
  request: QueryRequest,
): Work<QueryResult> {
  const months = archivedMonths(await readChosen(store, chain, request.months));
  requireMonths(request.months, months);
  const scratch = await mkdtemp(path.join(tmpdir(), 'ordersync-query-'));
  try {
    const engine = await openEngine({ memoryBytes: request.memoryBytes, scratch });
    const stopInterrupting = interruptOnAbort(engine, ctx.signal);
    try {
      const tables = await namedTables(engine, request.text, months);
      const files = tables.flatMap((table) => filesOf(table, months));
      const paths = yield* bringFiles(ctx, { ...request, store, files, scratch });
      const pathOf = (key: string): string => paths.get(key) ?? key;
      await engine.lock(
        tables.map((table) => viewOf(table, months, pathOf)),
        [...paths.values()],
      );
      yield { kind: 'phase', message: `asking ${counted(files.length, 'file')}` };
      return { ...(await readRows(ctx, engine, request)), files: files.length };
    } catch (error) {
      // Whatever DuckDB was at, it says that it was interrupted, and not by whom.
      ctx.signal.throwIfAborted();
      throw error;
    } finally {
      stopInterrupting();
      engine.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const INTERRUPT_EVERY_MS = 50;

/** Again and again: an interrupt that comes before the query has begun is forgotten when it begins. */
function interruptOnAbort({ connection }: QueryEngine, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal.addEventListener('abort', interrupt);
  return () => {
    signal.removeEventListener('abort', interrupt);
    clearInterval(timer);
  };
}

/** Without the leaves, which no query needs and which are most of a manifest. */
async function readChosen(store: ObjectStore, chain: readonly ProvenManifest[], months: readonly string[]) {
  const chosen: SignedManifest[] = [];
  for (const proven of chain) {
    if (months.length > 0 && !months.includes(proven.month)) continue;
    const signed = await readProven(store, proven);
    const sources = signed.manifest.sources.map((source) => ({ ...source, leaves: [] }));
    chosen.push({ ...signed, manifest: { ...signed.manifest, sources } });
  }
  return chosen;
}

/** @throws OrdersyncError `usage` for a month that is not archived */
function requireMonths(asked: readonly string[], found: readonly ArchivedMonth[]): void {
  const missing = asked.filter((month) => !found.some((archived) => archived.month === month));
  if (missing.length === 0) return;
  throw new OrdersyncError('usage', `the archive has no ${missing.join(', ')}`, {
    hint: 'see what it has with ordersync archive list',
  });
}

/** Only what a query names is checked and read. A name that is no archived table is left for DuckDB to tell. */
async function namedTables(
  engine: QueryEngine,
  text: string,
  months: readonly ArchivedMonth[],
): Promise<readonly string[]> {
  const named = new Set((await engine.tablesIn(text)).map((name) => name.toLowerCase()));
  return tablesOf(months).filter((table) => named.has(table.toLowerCase()));
}

function filesOf(table: string, months: readonly ArchivedMonth[]) {
  return months.flatMap((month) => partsOf(month, table).flatMap(({ source }) => source.files));
}

async function readRows(
  { signal }: Pick<Context, 'signal'>,
  engine: QueryEngine,
  { text, mostRows }: Pick<QueryRequest, 'text' | 'mostRows'>,
): Promise<Omit<QueryResult, 'files'>> {
  const statement = await engine.prepare(text);
  try {
    signal.throwIfAborted();
    const result = await statement.stream();
    const types = result.columnTypes();
    const columns = result.deduplicatedColumnNames().map((name, index) => ({
      name,
      type: types[index] === undefined ? ('text' as const) : columnTypeOf(types[index]),
    }));
    const rows: QueryCell[][] = [];
    for await (const chunk of result.yieldRows()) {
      signal.throwIfAborted();
      rows.push(...chunk.slice(0, mostRows + 1 - rows.length).map((row) => row.map(cellOf)));
      if (rows.length > mostRows) break;
    }
    return { columns, rows: rows.slice(0, mostRows), cut: rows.length > mostRows };
  } catch (error) {
    throw queryError(error);
  }
}
