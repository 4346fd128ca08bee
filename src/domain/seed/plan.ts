import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import { spanOf } from './calendar.ts';
import { countRows } from './census.ts';
import { createDemo } from './demo.ts';
import type { Demo } from './demo.ts';
import { requireActiveKeys } from './keys.ts';
import { holdsRows, readSeedTables } from './queries.ts';
import { BYTES_PER_ROW } from './sizes.ts';
import type { SeedTable, TableName } from './table.ts';
import { SEED_TABLES, tablesWithNeeds } from './tables.ts';
import { volumesOf } from './volumes.ts';
import { loadWords } from './words.ts';
import { createWorld } from './world.ts';

export interface SeedRequest {
  /** About how many rows over all tables. */
  readonly rows: number;
  /** Whole months before the one of `until`. */
  readonly months: number;
  /** The last moment anything happens at. */
  readonly until: Date;
  readonly randomSeed: string;
  /** Undefined for all. */
  readonly tables: readonly TableName[] | undefined;
}

export interface PlannedTable {
  readonly table: SeedTable;
  readonly rows: number;
  /** With indexes; an estimate. */
  readonly bytes: number;
}

export interface SeedPlan {
  readonly request: SeedRequest;
  readonly demo: Demo;
  readonly tables: readonly PlannedTable[];
  readonly totalRows: number;
}

/**
 * What a seed would load, exactly. Changes nothing and unwraps no key.
 * @throws OrdersyncError `precondition` in a protected environment, on a standby, behind a pooler, where tables or keys are
 *   missing or rows are there already; `interrupted`; `permission` for a role that does not own the tables
 */
export async function planSeed(
  ctx: Pick<Context, 'db' | 'config' | 'signal'>,
  request: SeedRequest,
): Promise<SeedPlan> {
  refuseProtected(ctx);
  const session = await ctx.db.session();
  refuseServer(session);
  await requireTables(session);
  requireActiveKeys(await loadDatabaseKeys(session.sql, neverOpened));
  await requireEmpty(session);
  const span = spanOf(request.until, request.months);
  const world = createWorld({
    seed: request.randomSeed,
    span,
    volumes: volumesOf(request.rows),
    words: await loadWords(),
  });
  const demo = await createDemo(world, ctx.signal);
  const counts = await countRows(demo, ctx.signal);
  const tables = tablesWithNeeds(request.tables ?? SEED_TABLES.map(({ name }) => name)).map((table) => {
    const rows = counts.get(table.name) ?? 0;
    return { table, rows, bytes: rows * BYTES_PER_ROW[table.name] };
  });
  return { request, demo, tables, totalRows: tables.reduce((sum, { rows }) => sum + rows, 0) };
}

/** No answer to a question, and no flag, puts invented people into a database that is marked as protected. */
function refuseProtected({ config: { environment } }: Pick<Context, 'config'>): void {
  if (!environment.protected) return;
  throw new OrdersyncError('precondition', `environment "${environment.name}" is protected: it never gets demo data`, {
    hint: 'name another environment with --env, or another database',
  });
}

function refuseServer({ server }: Session): void {
  if (server.inRecovery) {
    throw new OrdersyncError('precondition', 'this server is a standby: demo data is written on the primary', {
      hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
    });
  }
  if (!server.pooled) return;
  throw new OrdersyncError(
    'precondition',
    'a transaction pooler stands between: COPY and locks need the server itself',
    {
      hint: 'give a URL that leads to the server, not through PgBouncer in transaction mode',
    },
  );
}

async function requireTables({ sql, server }: Session): Promise<void> {
  const names = SEED_TABLES.map(({ name }) => name);
  const found = await readSeedTables(sql, names);
  const missing = names.filter((name) => !found.some((table) => table.name === name));
  if (missing.length > 0) {
    throw new OrdersyncError('precondition', `this database has no table ${missing.join(', ')}`, {
      hint: 'apply the migrations: ordersync migrate up',
    });
  }
  const foreign = found.filter(({ owned }) => !owned).map(({ name }) => name);
  if (foreign.length === 0) return;
  throw new OrdersyncError('permission', `user "${server.user}" does not own ${foreign.join(', ')}`, {
    hint: 'connect as the owner of the tables: months are created, and two audit triggers rest while rows are loaded',
  });
}

/** @throws OrdersyncError `precondition` naming the tables that hold rows */
export async function requireEmpty({ sql }: Session): Promise<void> {
  const names = [...SEED_TABLES.map(({ name }) => name), 'payment_order_keys'];
  const filled: string[] = [];
  for (const name of names) if (await holdsRows(sql, name)) filled.push(name);
  if (filled.length === 0) return;
  throw new OrdersyncError('precondition', `this database holds data already, in ${filled.join(', ')}`, {
    hint: 'demo data goes into an empty database: create one, migrate up, key create, then seed',
    facts: { tables: filled },
  });
}

function neverOpened(): never {
  throw new TypeError('planning needs no key store');
}
