import type { Work } from '../../../context.ts';
import type { CipherChoice } from '../../../crypto/cipher-batch.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { requireRegistry } from '../../encryption/catalogue.ts';
import type { DataKeyRow } from '../../encryption/queries.ts';
import { REENCRYPTION_SAFE_TRIGGERS } from '../../encryption/safe-triggers.ts';
import { inSnapshotOfAllRows, requireAllRows } from '../all-rows.ts';
import { requireKeyRights, rotatorGrant } from '../rights.ts';
import type { ColumnUsage } from '../usage.ts';
import { countValues } from '../usage.ts';
import type { TableEstimate } from './estimate.ts';
import { estimateTable } from './estimate.ts';
import { pendingOf } from './pending.ts';
import type { LeafRights, SnapshotHolder, UpdateTrigger } from './preflight-queries.ts';
import {
  mayPassAuditGuard,
  maySeeActivity,
  readLeafRights,
  readSnapshotHolders,
  readTableSizes,
  readUpdateTriggers,
} from './preflight-queries.ts';
import type { Pace, RotationTable } from './types.ts';

export interface PreflightRequest {
  readonly tables: readonly RotationTable[];
  readonly dataKeys: readonly DataKeyRow[];
  /** The key that values are to be under; undefined while there is only a plan to make it. */
  readonly toKeyId: string | undefined;
  readonly crypto: CipherChoice;
  readonly pace: Pace;
  /** Read every table once and count what is pending, unknown or in clear. */
  readonly count: boolean;
}

export interface Preflight {
  readonly estimates: readonly TableEstimate[];
  readonly warnings: readonly string[];
}

/** A snapshot that is younger than this belongs to everyday work. */
const SNAPSHOT_AGE_MS = 10_000;

/**
 * Finds out before anything is changed what a rotation of these tables would meet. Reads only, and takes no transaction id.
 * @throws OrdersyncError `permission` with the grants that are missing, `precondition` for a standby, unknown encrypted
 *   columns, or a trigger that would take a re-encryption for a change
 */
export async function* preflight(session: Session, request: PreflightRequest): Work<Preflight> {
  const { sql } = session;
  const columns = columnsOf(request.tables);
  await requireKeyRights(session, 'rotate');
  await requireRegistry(sql);
  await requireAllRows(sql);
  requireLeafRights(session, await readLeafRights(sql, columns));
  await requireAuditDoor(session, request.tables);
  const triggers = await readUpdateTriggers(sql, columns);
  requireSafeTriggers(triggers);
  const tables = request.tables.map(({ table }) => table);
  const usage = request.count
    ? yield* inSnapshotOfAllRows(session, () => countValues(session, request.dataKeys, tables))
    : undefined;
  const sizes = await readTableSizes(
    sql,
    tables.map(({ name }) => name),
  );
  const estimates = request.tables.flatMap((table) => {
    const size = sizes.find((found) => found.table === table.table.name);
    const pending = usage && sum(pendingOf(usage, table, request.toKeyId));
    return size === undefined ? [] : [estimateTable(table, size, { ...request, pending })];
  });
  return { estimates, warnings: [...(await horizonWarnings(session)), ...otherWarnings(session, triggers, usage)] };
}

function columnsOf(tables: readonly RotationTable[]): { tables: string[]; names: string[] } {
  const columns = tables.flatMap(({ table, pairs }) =>
    pairs.flatMap(({ value, key }) => [
      { table: table.name, name: value },
      { table: table.name, name: key },
    ]),
  );
  return { tables: columns.map(({ table }) => table), names: columns.map(({ name }) => name) };
}

function requireLeafRights({ server: { user } }: Session, missing: readonly LeafRights[]): void {
  if (missing.length === 0) return;
  const filtered = missing.filter((leaf) => leaf.filtered);
  const grants = missing.flatMap(({ leaf, readable, closed }) => {
    const on = `on ${quoteQualified({ schema: 'public', name: leaf })} to ${quoteIdentifier(user)};`;
    const columns = closed.map(quoteIdentifier).join(', ');
    return [
      ...(readable ? [] : [`grant select ${on}`]),
      ...(closed.length === 0 ? [] : [`grant update (${columns}) ${on}`]),
    ];
  });
  throw new OrdersyncError('permission', `the role ${user} may not re-encrypt every table`, {
    body: [...filtered.map(({ leaf }) => `${leaf}: row security hides rows`), ...grants],
    hint: 'connect as the owner of the tables, or give the role these rights',
  });
}

async function requireAuditDoor({ sql, server }: Session, tables: readonly RotationTable[]): Promise<void> {
  const guarded = tables.filter(({ table }) => table.logicalName === 'audit_logs').map(({ table }) => table.name);
  if (guarded.length === 0 || (await mayPassAuditGuard(sql))) return;
  throw new OrdersyncError('permission', `the role ${server.user} may not re-encrypt ${guarded.join(' and ')}`, {
    hint: `they are immutable for all but members of one role: ${rotatorGrant(server)}`,
  });
}

function requireSafeTriggers(triggers: readonly UpdateTrigger[]): void {
  const unsafe = triggers.filter((found) => found.perRow && !isKnownSafe(found));
  if (unsafe.length === 0) return;
  throw new OrdersyncError('precondition', 'triggers would take a re-encryption for a change of the row', {
    body: unsafe.map(({ leaf, trigger, function: name }) => `${leaf}: ${trigger} runs ${name}()`),
    hint: 'give them a WHEN clause that ignores an update of ciphertexts and key ids alone, or disable them meanwhile',
  });
}

function isKnownSafe(found: UpdateTrigger): boolean {
  return REENCRYPTION_SAFE_TRIGGERS.some(
    ({ table, trigger, function: name, condition }) =>
      table === found.table && trigger === found.trigger && name === found.function && condition === found.condition,
  );
}

async function horizonWarnings({ sql, server }: Session): Promise<string[]> {
  const holders = await readSnapshotHolders(sql, SNAPSHOT_AGE_MS);
  const blind = server.superuser || (await maySeeActivity(sql));
  return [
    ...holders
      .slice(0, 3)
      .map(
        (holder) =>
          `${describeSnapshotHolder(holder)}: while it lasts no update can be made in place, tables may grow to twice ` +
          'their size and the rotation takes twice as long',
      ),
    ...(blind ? [] : ['old snapshots of other roles do not show: grant pg_read_all_stats to see them']),
  ];
}

/** `pid 4711 (pg_dump, alice) has held a snapshot for 3600 s` */
export function describeSnapshotHolder({ kind, name, application, user, ageMs, transactions }: SnapshotHolder): string {
  const who = [application, user].filter(Boolean).join(', ');
  const subject = `${kind === 'session' ? 'pid' : kind} ${name}${who === '' ? '' : ` (${who})`}`;
  const since = ageMs === null ? `${transactions} transactions` : `${Math.round(ageMs / 1000)} s`;
  return `${subject} has held a snapshot for ${since}`;
}

function otherWarnings(
  { server }: Session,
  triggers: readonly UpdateTrigger[],
  usage: readonly ColumnUsage[] | undefined,
): string[] {
  const statements = triggers.filter(({ perRow, function: name }) => !perRow && name !== 'audit_logs_guard');
  const strays = (usage ?? []).filter(({ kind }) => kind === 'not_ours' || kind === 'unknown_key');
  return [
    ...statements.map(({ leaf, trigger }) => `${leaf}: the statement trigger ${trigger} will run for every batch`),
    ...strays.map(
      ({ table, column, kind, values }) =>
        `${table}.${column}: ${values} with ${kind}; they stay as they are, and the old key is not retired`,
    ),
    ...(server.pooled ? ['a transaction pooler stands between: chunks are claimed by leases instead of locks'] : []),
  ];
}

function sum(usage: readonly ColumnUsage[]): number {
  return usage.reduce((total, { values }) => total + values, 0);
}
