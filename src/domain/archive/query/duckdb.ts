import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import { quoteLiteral } from '../../../db/identifiers.ts';
import { OrdersyncError } from '../../../errors.ts';

type DuckDB = typeof import('@duckdb/node-api');

export interface QueryLimits {
  /** What DuckDB may use of the memory; more goes to the scratch folder. */
  readonly memoryBytes: number;
  /** An empty folder of this run alone. */
  readonly scratch: string;
}

/** A database in memory that reads archived files and nothing else. */
export interface QueryEngine {
  readonly connection: DuckDBConnection;
  /** @throws OrdersyncError `usage` for anything but one SELECT */
  prepare(text: string): Promise<DuckDBPreparedStatement>;
  /** Which tables and views a query names; none when it cannot be parsed. Can be asked before the engine is locked. */
  tablesIn(text: string): Promise<readonly string[]>;
  /** Makes the views, then closes every other way out: to files, the network, extensions and these settings. */
  lock(views: readonly string[], paths: readonly string[]): Promise<void>;
  close(): void;
}

/** @throws OrdersyncError `not_enabled` when DuckDB is not installed */
export async function openEngine({ memoryBytes, scratch }: QueryLimits): Promise<QueryEngine> {
  const duckdb = await loadDuckDB();
  const instance = await duckdb.DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryBytes}B`,
    temp_directory: scratch,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'");
  return {
    connection,
    prepare: async (text) => prepareSelect(duckdb, connection, text),
    tablesIn: async (text) => tablesIn(duckdb, text),
    lock: async (views, paths) => {
      await connection.run(`set allowed_paths = [${paths.map(quoteLiteral).join(', ')}]`);
      for (const view of views) await connection.run(view);
      await lock(connection);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** In an engine of its own that is locked from the start: asking binds the statement, and that of EXPORT makes a folder. */
async function tablesIn({ DuckDBInstance }: DuckDB, text: string): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await lock(connection);
    return connection.getTableNames(text, false);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function lock(connection: DuckDBConnection): Promise<void> {
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
}

async function loadDuckDB(): Promise<DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new OrdersyncError('not_enabled', 'archive query works with DuckDB, which is not installed', {
      hint: 'npm install @duckdb/node-api, beside ordersync; or read the files with any DuckDB (docs/archive-restore.md)',
      cause: error,
    });
  }
}

/**
 * A SELECT reads the allowed files. Everything else is refused before it runs, EXPLAIN too: EXPLAIN ANALYZE carries out
 * what it explains, and a COPY to an allowed path would write into the archive.
 */
async function prepareSelect(
  { StatementType }: DuckDB,
  connection: DuckDBConnection,
  text: string,
): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(text).catch((error: unknown) => {
    throw queryError(error);
  });
  if (statements.count !== 1) {
    throw new OrdersyncError('usage', `an archive is asked one SELECT, and this is ${statements.count} statements`);
  }
  const statement = await statements.prepare(0).catch((error: unknown) => {
    // It names a table that it cannot change, and would be told that there is none.
    throw WRITES.test(text) ? notSelect() : queryError(error);
  });
  if (statement.statementType !== StatementType.SELECT) throw notSelect();
  if (statement.parameterCount > 0)
    throw new OrdersyncError('usage', 'the query has parameters, and nothing gives them');
  return statement;
}

const WRITES = /^\s*(?:insert|update|delete|truncate|merge|create|alter|drop|copy)\b/iu;

function notSelect(): OrdersyncError {
  return new OrdersyncError('usage', 'an archive is read only: it is asked one SELECT', {
    hint: 'for example: ordersync archive query "select action, count(*) from audit_logs group by all"',
  });
}

/** What DuckDB says, as one of the program's own errors. */
export function queryError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const [first = '', ...body] = error.message.split('\n').filter((line) => line.trim() !== '');
  const [, kind = '', what = first] = /^([A-Z][A-Za-z ]*?) Error: (.*)$/.exec(first) ?? [];
  if (kind === 'Permission') {
    return new OrdersyncError('usage', `a query reads the archived tables and nothing else: ${what}`, { cause: error });
  }
  if (kind === 'Out of Memory') {
    return new OrdersyncError('precondition', `the query needs more memory: ${what}`, {
      hint: 'give it more with --memory, fewer months with --month, or fewer columns',
      cause: error,
    });
  }
  if (kind === 'IO' || kind === 'INTERNAL' || kind === 'FATAL') {
    return new OrdersyncError('unhealthy', `DuckDB cannot read the archive: ${what}`, {
      hint: 'see what is wrong with ordersync archive verify',
      body,
      cause: error,
    });
  }
  const hint =
    kind === 'Catalog'
      ? 'ordersync archive list shows the archived tables; those that left with one are there too'
      : undefined;
  return new OrdersyncError('usage', what, { body, ...(hint === undefined ? {} : { hint }), cause: error });
}
