import type { Context, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readTableState, requireOwner } from '../../partitions/catalog.ts';
import type { Month } from '../../partitions/month.ts';
import { PARTITIONED_TABLES } from '../../partitions/table.ts';
import type { TableState } from '../../partitions/table.ts';
import type { ArchivedMonth } from '../months.ts';
import { archivedMonths } from '../months.ts';
import { ARCHIVED_TABLES } from '../plan/tables.ts';
import { requireOwnBackend } from '../run/lock.ts';
import type { ChainToCheck } from '../verify/chain.ts';
import { provenChain, readProven } from '../verify/chain.ts';
import { hasArchive } from '../verify/queries.ts';
import { restoredName } from './naming.ts';
import { readRestored, readRights, readShape } from './queries.ts';
import type { RestorableSource } from './sources.ts';
import { restorableSources, shapeOf } from './sources.ts';
import { requireEmptyMonth } from './vacancy.ts';

export interface RestoreRequest extends Pick<ChainToCheck, 'store' | 'trust'> {
  readonly table: string;
  readonly month: Month;
  /** `side`: tables of their own. `attach`: a partition again, and its dependants back in their tables. */
  readonly to: 'side' | 'attach';
}

export interface RestorePlan {
  readonly request: RestoreRequest;
  readonly archived: ArchivedMonth;
  readonly sources: readonly RestorableSource[];
  /** The table that the month is to be a partition of again. */
  readonly parent: TableState | undefined;
  /** It is one since an earlier run. */
  readonly attached: boolean;
  /** Why it cannot be one, as far as the catalogue tells. */
  readonly obstacle: string | undefined;
}

/**
 * What the archive has of a month, and whether it may come back. Reads the chain and the catalogue.
 * @throws OrdersyncError `unhealthy` when the chain is broken, `usage` for a month that is not archived, `precondition` when
 *   rows of it are in the table
 */
export async function* planRestore(
  ctx: Pick<Context, 'signal'>,
  session: Session,
  request: RestoreRequest,
): Work<RestorePlan> {
  requireOwnBackend(session);
  await requireRights(session);
  const chain = yield* provenChain(ctx, request);
  const { store, table, month } = request;
  const chosen = chain.filter((manifest) => manifest.table === table && manifest.month === month);
  const [archived] = archivedMonths(await Promise.all(chosen.map(async (manifest) => readProven(store, manifest))));
  if (archived === undefined) throw notArchived(request);
  const sources = restorableSources(archived);
  const plan = { request, archived, sources };
  if (request.to === 'side') return { ...plan, parent: undefined, attached: false, obstacle: undefined };
  if (!(PARTITIONED_TABLES as readonly string[]).includes(request.table)) throw noPartitions(request);
  const parent = await readTableState(session, request.table);
  requireOwner(parent, session);
  const attached = await isAttached(session, parent, request.month);
  if (!attached) await requireEmptyMonth(session, parent, request.month);
  return { ...plan, parent, attached, obstacle: await shapeObstacle(session, parent, sources) };
}

/** Before anything is read: without these a month would be back, and the journal would not say so. */
async function requireRights({ sql, server }: Session): Promise<void> {
  if (!(await hasArchive(sql))) throw unprepared();
  const { create, journal } = await readRights(sql);
  if (create && journal) return;
  const missing = create ? 'select and update on archive_journal' : 'create in the schema public';
  throw new OrdersyncError('permission', `${server.user} may not restore: ${missing} is not granted`, {
    hint: 'connect as the owner of the tables',
  });
}

async function isAttached({ sql }: Session, parent: TableState, month: Month): Promise<boolean> {
  const journal = await readRestored(sql, { table: parent.name, month });
  if (journal?.state !== 'restored') return false;
  return parent.partitions.some((partition) => partition.month === month && partition.name === journal.restoredTo);
}

async function shapeObstacle(
  { sql }: Session,
  parent: TableState,
  sources: readonly RestorableSource[],
): Promise<string | undefined> {
  const archived = shapeOf(sources[0]?.columns ?? []);
  const now = shapeOf(await readShape(sql, parent));
  const added = now.filter((column) => !archived.includes(column));
  const gone = archived.filter((column) => !now.includes(column));
  if (added.length > 0) return `${parent.name} has columns now that the archive does not know: ${added.join(', ')}`;
  return gone.length > 0 ? `${parent.name} has no columns any more for these: ${gone.join(', ')}` : undefined;
}

/** Where a table of the month goes when it does not go back to its own. */
export function asideName({ request }: RestorePlan, source: RestorableSource) {
  return restoredName(source.table, request.month);
}

/** A dependant's definition, by which its rows of the month are found. */
export function dependantOf({ request }: RestorePlan, source: RestorableSource) {
  const archived = ARCHIVED_TABLES.find(({ table }) => table === request.table);
  return archived?.dependants.find(({ table }) => table === source.table);
}

function unprepared(): OrdersyncError {
  return new OrdersyncError('precondition', 'this database lacks what a restored month needs', {
    hint: 'it comes with the migrations: ordersync migrate up',
  });
}

function notArchived({ table, month, store }: RestoreRequest): OrdersyncError {
  return new OrdersyncError('usage', `the archive in ${store.location} has no ${month} of ${table}`, {
    hint: 'see what it has with ordersync archive list',
  });
}

function noPartitions({ table }: RestoreRequest): OrdersyncError {
  return new OrdersyncError('precondition', `${table} has no partitions that a month could be again`, {
    hint: 'restore it into a table of its own: --to side',
  });
}
