import type { BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import type { Session, Sql } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import type { BlindIndexKeyRow } from '../../encryption/queries.ts';
import { requireKeyRights, rotatorGrant } from '../rights.ts';
import { mayPassAuditGuard } from '../rotate/preflight-queries.ts';
import type { ClaimsIndex } from './claims-queries.ts';
import { readClaimed, readClaimsIndex } from './claims-queries.ts';
import { lonePlacesOf, placesOf } from './places.ts';
import type { IndexProgress } from './state-queries.ts';
import { readClosedIndexes, readIndexProgress } from './state-queries.ts';

/** Where the rotation of one index stands. */
export interface IndexState {
  readonly purpose: BlindIndexPurpose;
  readonly active: BlindIndexKeyRow;
  /** The key that is being left; undefined while no rotation is under way. */
  readonly older: BlindIndexKeyRow | undefined;
  /** The newest key that was left; undefined before the first rotation ends. */
  readonly retired: BlindIndexKeyRow | undefined;
  /** Of the active key; a table that nobody has begun is not among them. */
  readonly progress: readonly IndexProgress[];
  readonly claimsIndex: ClaimsIndex;
  /** Rows still hold a hash under the older key beside the newer one. */
  readonly claimed: boolean;
}

/** @throws OrdersyncError `precondition` when there is no key for the purpose */
export async function readIndexState(sql: Sql, purpose: BlindIndexPurpose): Promise<IndexState> {
  const { blindIndexKeys } = await loadDatabaseKeys(sql, neverOpened);
  const keys = blindIndexKeys.filter((key) => key.purpose === purpose);
  const active = keys.find(({ status }) => status === 'ACTIVE');
  if (active === undefined) {
    throw new OrdersyncError('precondition', `there is no active key for the blind index ${purpose}`, {
      hint: 'ordersync key create --type blind-index',
    });
  }
  const unique = placesOf(purpose).some(({ index }) => index.previous !== undefined);
  return {
    purpose,
    active,
    older: keys.find(({ status }) => status === 'ROTATING'),
    retired: keys.findLast(({ status }) => status === 'RETIRED'),
    progress: await readIndexProgress(sql, active),
    claimsIndex: unique ? await readClaimsIndex(sql) : 'none',
    claimed: unique && (await readClaimed(sql)),
  };
}

/** @throws OrdersyncError `permission` naming what the role may not change, or cannot see whole */
export async function requireIndexRights(session: Session, purpose: BlindIndexPurpose): Promise<void> {
  await requireKeyRights(session, 'rotate-index');
  const { sql, server } = session;
  const places = [
    ...placesOf(purpose).flatMap(({ table, index }) =>
      [index.column, index.previous].flatMap((column) => (column === undefined ? [] : [{ table: table.name, column }])),
    ),
    ...(purpose === 'rate_limit' ? [] : lonePlacesOf(purpose)),
  ];
  const closed = await readClosedIndexes(sql, {
    tables: places.map(({ table }) => table),
    columns: places.map(({ column }) => column),
  });
  if (closed.length > 0) {
    throw new OrdersyncError('permission', 'this role may not renew every hash', {
      body: closed.map(({ table, column }) => `${table}.${column}: not updatable, or not every row is visible`),
      hint: 'connect as the owner of the tables',
    });
  }
  if (places.length === 0 || (await mayPassAuditGuard(sql))) return;
  throw new OrdersyncError('permission', `${server.user} is no member of ordersync_rotator`, {
    hint: `${rotatorGrant(server)}: hashes are then renewed without an audit row for each, and in audit_logs at all`,
  });
}

/** @throws OrdersyncError `precondition` when no rotation is under way */
export function requireRotating({ purpose, older }: IndexState): BlindIndexKeyRow {
  if (older !== undefined) return older;
  throw notRotating(purpose);
}

export function notRotating(purpose: BlindIndexPurpose): OrdersyncError {
  return new OrdersyncError('precondition', `the key of the blind index ${purpose} is not being rotated`, {
    hint: `ordersync key rotate-index ${purpose} start`,
  });
}

function neverOpened(): never {
  throw new TypeError('reading the state needs no key store');
}
