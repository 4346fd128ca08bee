import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { requireRegistry } from '../encryption/catalogue.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import { inSnapshotOfAllRows, requireAllRows } from './all-rows.ts';
import { recordKeyAction } from './audit.ts';
import { markRetired } from './retire-queries.ts';
import { requireKeyRights } from './rights.ts';
import { changeKeys } from './transaction.ts';
import type { ColumnUsage } from './usage.ts';
import { countValues, valuesUnder } from './usage.ts';

export interface RetirePlan {
  readonly key: DataKeyRow;
  /** Live values that still need the key; with one of them it is refused. */
  readonly needed: readonly ColumnUsage[];
}

/**
 * What retiring this key would meet. Refuses an ACTIVE key, and a database whose encrypted columns are not all known:
 * counting them would prove nothing.
 */
export async function* planRetire(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { keyId }: { readonly keyId: string },
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
  await requireAllRows(session.sql);
  const usage = yield* inSnapshotOfAllRows(session, () => countValues(session, dataKeys));
  return { key, needed: valuesUnder(key, usage) };
}

/**
 * Marks a key RETIRED after counting again, in the transaction that marks it: true when it did, false when it was RETIRED
 * before. The key stays wrapped and still decrypts.
 * @throws OrdersyncError `precondition` with the counts when a live value needs the key
 */
export async function* retireKey(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { key: { keyId, status } }: RetirePlan,
): Work<boolean> {
  if (status === 'RETIRED') return false;
  yield { kind: 'phase', message: `counting the values under ${keyId} once more` };
  return changeKeys(session, async () => {
    await setLocal(session, 'row_security', 'off');
    const { dataKeys } = await loadDatabaseKeys(session.sql, () => ctx.keys());
    const key = dataKeys.find((row) => row.keyId === keyId);
    if (key === undefined || key.status === 'RETIRED') return false;
    requireNotActive(key);
    const needed = valuesUnder(key, await finish(countValues(session, dataKeys)));
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

async function finish<Result>(work: Work<Result>): Promise<Result> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}
