import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { requireRegistry } from '../encryption/catalogue.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import type { DataKeyMaterial, DataKeyRow } from '../encryption/queries.ts';
import { inSnapshotOfAllRows, requireAllRows } from './all-rows.ts';
import type { ArchivedUses } from './archives.ts';
import { archivesNeeding, describeManifestUse } from './archives.ts';
import { recordKeyAction } from './audit.ts';
import { forgetWrappedKey, readRetiredForMs } from './destroy-queries.ts';
import { finished } from './finished.ts';
import type { HeldColumn } from './retire-hold.ts';
import { readHeld } from './retire-hold.ts';
import { stillNeeded } from './retire.ts';
import { requireKeyRights } from './rights.ts';
import { changeKeys } from './transaction.ts';
import { requireNoRotation } from './unfinished.ts';
import { countValues, valuesUnder } from './usage.ts';

export interface DestroyRequest {
  readonly keyId: string;
  /** Milliseconds since the key was retired, by the server's clock: the backups that need it are older than that. */
  readonly afterMs: number;
}

export interface DestroyPlan {
  readonly key: DataKeyRow;
  readonly afterMs: number;
  /** False when the key was destroyed before. */
  readonly there: boolean;
  readonly retiredForMs: number;
  /** Every column of its type: in copies made before the key was retired, this is what nobody can read any more. */
  readonly columns: readonly HeldColumn[];
}

/**
 * Whether this key may be destroyed, and what that means.
 * @throws OrdersyncError `precondition` for a key that is not RETIRED, was retired too lately, takes part in a rotation, or
 *   is named by a live value or by a table beside the live ones; `usage` for one that does not exist
 */
export async function* planDestroy(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { keyId, afterMs }: DestroyRequest,
): Work<DestroyPlan> {
  const { dataKeys } = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const key = findKey(dataKeys, keyId);
  const columns = await readHeld(session.sql, key.keyType, [key]);
  const retiredForMs = (await readRetiredForMs(session.sql, keyId)) ?? 0;
  const plan = { key, afterMs, retiredForMs, columns };
  if (key.material?.wrapped == null) return { ...plan, there: false };
  requireRetiredFor(key, { retiredForMs, afterMs });
  await requireKeyRights(session, 'destroy');
  await requireRegistry(session.sql);
  await requireAllRows(session.sql);
  yield { kind: 'phase', message: `looking for values under ${keyId}` };
  yield* inSnapshotOfAllRows(session, () => requireUnused(session, key, dataKeys));
  return { ...plan, there: true };
}

/**
 * Forgets the wrapped key for good, in the transaction that records it. Everything planDestroy refuses is looked at again
 * there, alone among all changes of keys.
 * @returns true when it did, false when the key was destroyed before
 */
export async function destroyKey(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { key: { keyId }, afterMs }: DestroyPlan,
): Promise<boolean> {
  return changeKeys(session, async () => {
    await setLocal(session, 'row_security', 'off');
    const { dataKeys } = await loadDatabaseKeys(session.sql, () => ctx.keys());
    const key = findKey(dataKeys, keyId);
    const { material } = key;
    if (material?.wrapped == null) return false;
    const retiredForMs = (await readRetiredForMs(session.sql, keyId)) ?? 0;
    requireRetiredFor(key, { retiredForMs, afterMs });
    await finished(requireUnused(session, key, dataKeys));
    if (!(await forgetWrappedKey(session.sql, material.kid))) return false;
    await recordDestruction(session, key, material);
    return true;
  });
}

function findKey(dataKeys: readonly DataKeyRow[], keyId: string): DataKeyRow {
  const key = dataKeys.find((row) => row.keyId === keyId);
  if (key !== undefined) return key;
  throw new OrdersyncError('usage', `there is no key "${keyId}"`, {
    hint: dataKeys.length === 0 ? 'ordersync key create' : `keys: ${dataKeys.map((row) => row.keyId).join(', ')}`,
  });
}

function requireRetiredFor(
  { keyId, status, retiredAt }: DataKeyRow,
  { retiredForMs, afterMs }: Pick<DestroyPlan, 'retiredForMs' | 'afterMs'>,
): void {
  if (status !== 'RETIRED' || retiredAt === null) {
    throw new OrdersyncError('precondition', `${keyId} is ${status}, and only a retired key can be destroyed`, {
      hint: `ordersync key retire --key ${keyId} --prove`,
      facts: { key_id: keyId, status },
    });
  }
  if (retiredForMs >= afterMs) return;
  const allowed = new Date(Date.parse(retiredAt) + afterMs).toISOString();
  throw new OrdersyncError('precondition', `${keyId} was retired at ${retiredAt}: backups of that time may need it`, {
    hint: `it can be destroyed from ${allowed} on, or earlier with a shorter --after, when no backup that old is kept`,
    facts: { key_id: keyId, retired_at: retiredAt, allowed_from: allowed },
  });
}

async function* requireUnused(session: Session, key: DataKeyRow, dataKeys: readonly DataKeyRow[]): Work<void> {
  await requireNoRotation(session.sql, key);
  const needed = valuesUnder(key, yield* countValues(session, dataKeys));
  if (needed.length > 0) throw stillNeeded(key.keyId, needed);
  if (key.material === null) return;
  const archived = await archivesNeeding(session, key.material.kid);
  if (archived.manifests.length > 0) throw neededByManifests(key.keyId, archived);
  if (archived.tables.length > 0) throw neededByTables(key.keyId, archived);
}

function neededByManifests(keyId: string, { manifests, tables }: ArchivedUses): OrdersyncError {
  return new OrdersyncError('precondition', `${keyId} is needed by ${manifests.length} archived months`, {
    body: [...manifests.map(describeManifestUse), ...tables.map(describeTableUse)],
    hint: `an archive stays encrypted with the keys of its time: keep the key, which encrypts nothing new, or move the archives to the active one: ordersync archive rewrap --from-key ${keyId} --remove-old`,
    facts: { key_id: keyId, manifests, needed: tables },
  });
}

function neededByTables(keyId: string, { tables }: ArchivedUses): OrdersyncError {
  return new OrdersyncError('precondition', `${keyId} is needed beside the live tables`, {
    body: tables.map(describeTableUse),
    hint: 'drop these tables, or attach them again and rotate the type, if what they hold may go',
    facts: { key_id: keyId, needed: tables },
  });
}

function describeTableUse({ relation, column, values }: ArchivedUses['tables'][number]): string {
  return `${relation}.${column}: ${values} ${values === 1 ? 'value' : 'values'}`;
}

async function recordDestruction(
  { sql }: Session,
  { keyId, version, retiredAt }: DataKeyRow,
  { kid, provider, providerKey, commitment }: DataKeyMaterial,
): Promise<void> {
  await recordKeyAction(sql, {
    action: 'DESTROY_KEY',
    resourceType: 'encryption_keys',
    resourceId: keyId,
    changes: { version, kid, provider, provider_key: providerKey, commitment, retired_at: retiredAt },
  });
}
