import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { requireRegistry } from '../encryption/catalogue.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import { finished } from './finished.ts';
import { inSnapshotOfAllRows, requireAllRows } from './all-rows.ts';
import type { ManifestUse } from './archives.ts';
import { manifestsNeeding } from './archives.ts';
import { recordKeyAction } from './audit.ts';
import type { HeldColumn } from './retire-hold.ts';
import { holdRetired, readHeld, requireOwner } from './retire-hold.ts';
import { markRetired } from './retire-queries.ts';
import { requireKeyRights } from './rights.ts';
import { requireNoRotation } from './unfinished.ts';
import { changeKeys } from './transaction.ts';
import type { ColumnUsage } from './usage.ts';
import { countValues, valuesUnder } from './usage.ts';

export interface RetireRequest {
  readonly keyId: string;
  /** Whether the server is to keep the key out of every column from then on. */
  readonly prove: boolean;
}

export interface RetirePlan extends Pick<RetireRequest, 'prove'> {
  readonly key: DataKeyRow;
  /** Live values that still need the key; with one of them it is refused. */
  readonly needed: readonly ColumnUsage[];
  /** Every column of its type, and whether the server keeps the key out of it already. */
  readonly columns: readonly HeldColumn[];
  /** What --prove is to hold: the key, and those of its type that were retired before and that no value needs. */
  readonly toHold: readonly DataKeyRow[];
  /** Retired before, and still needed: values came back after they were retired. */
  readonly returned: readonly DataKeyRow[];
  /** Archives that are read with it. They keep it from being destroyed, not from being retired. */
  readonly archives: readonly ManifestUse[];
}

/**
 * What retiring this key would meet. Refuses an ACTIVE key, one whose type is being rotated, and a database whose
 * encrypted columns are not all known: counting them would prove nothing.
 */
export async function* planRetire(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { keyId, prove }: RetireRequest,
): Work<RetirePlan> {
  const { dataKeys } = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const key = dataKeys.find((row) => row.keyId === keyId);
  if (key === undefined) {
    throw new OrdersyncError('usage', `there is no key "${keyId}"`, {
      hint: dataKeys.length === 0 ? 'ordersync key create' : `keys: ${dataKeys.map((row) => row.keyId).join(', ')}`,
    });
  }
  requireNotActive(key);
  await requireKeyRights(session, 'retire');
  await requireRegistry(session.sql);
  await requireNoRotation(session.sql, key);
  if (prove) await requireOwner(session.sql, key.keyType);
  await requireAllRows(session.sql);
  const usage = yield* inSnapshotOfAllRows(session, () => countValues(session, dataKeys));
  const others = dataKeys.filter(
    (row) => row.keyType === key.keyType && row.status === 'RETIRED' && row.keyId !== keyId,
  );
  const returned = others.filter((row) => valuesUnder(row, usage).length > 0);
  return {
    key,
    prove,
    needed: valuesUnder(key, usage),
    columns: await readHeld(session.sql, key.keyType, [key]),
    toHold: [key, ...others.filter((row) => !returned.includes(row))],
    returned,
    archives: key.material === null ? [] : await manifestsNeeding(session, key.material.kid),
  };
}

export interface Retired {
  /** False when it was RETIRED before. */
  readonly retired: boolean;
  readonly columns: readonly HeldColumn[];
}

/**
 * Marks a key RETIRED after counting again, in the transaction that marks it. The key stays wrapped and still decrypts.
 * With `prove` the server holds the key out of every column first, so that RETIRED is said of what is proven.
 * @throws OrdersyncError `precondition` with the counts when a live value needs the key; what holdRetired throws
 */
export async function* retireKey(
  ctx: Pick<Context, 'keys' | 'clock' | 'signal'>,
  session: Session,
  { key, prove, columns, toHold }: RetirePlan,
): Work<Retired> {
  const held = prove ? yield* holdRetired(ctx, session, { type: key.keyType, keys: toHold }) : columns;
  return { retired: yield* markUnneeded(ctx, session, key), columns: held };
}

async function* markUnneeded(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { keyId, status }: DataKeyRow,
): Work<boolean> {
  if (status === 'RETIRED') return false;
  yield { kind: 'phase', message: `counting the values under ${keyId} once more` };
  return changeKeys(session, async () => {
    await setLocal(session, 'row_security', 'off');
    const { dataKeys } = await loadDatabaseKeys(session.sql, () => ctx.keys());
    const key = dataKeys.find((row) => row.keyId === keyId);
    if (key === undefined || key.status === 'RETIRED') return false;
    requireNotActive(key);
    const needed = valuesUnder(key, await finished(countValues(session, dataKeys)));
    if (needed.length > 0) throw stillNeeded(keyId, needed);
    await markRetired(session.sql, key.id);
    await recordKeyAction(session.sql, {
      action: 'RETIRE_KEY',
      resourceType: 'encryption_keys',
      resourceId: keyId,
      changes: { version: key.version, kid: key.material?.kid ?? null },
    });
    return true;
  });
}

/** `users.email_encrypted: 12 values` */
function describeUse({ table, column, values }: ColumnUsage): string {
  return `${table}.${column}: ${values} ${values === 1 ? 'value' : 'values'}`;
}

export function stillNeeded(keyId: string, needed: readonly ColumnUsage[]): OrdersyncError {
  return new OrdersyncError('precondition', `${keyId} is still needed`, {
    body: needed.map(describeUse),
    hint: 'rotate its type first, so that every value is encrypted with a newer key',
    facts: { key_id: keyId, needed: needed.map(({ table, column, values }) => ({ table, column, values })) },
  });
}

function requireNotActive({ keyId, keyType, status }: DataKeyRow): void {
  if (status !== 'ACTIVE') return;
  throw new OrdersyncError(
    'precondition',
    `${keyId} is the active key of ${keyType}: new values are encrypted with it`,
    {
      hint: 'rotate its type first; only an older key can be retired',
    },
  );
}
