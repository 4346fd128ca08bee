import { lockKeys } from '../../db/lock.ts';
import type { Session } from '../../db/session.ts';
import { describeServerError } from '../../db/server-error.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';

/** How long a change of keys waits for another one; each takes milliseconds. */
const LOCK_TIMEOUT = '10s';

/**
 * One change of the keys of a database: alone among all such changes, and on disk when it returns. The lock belongs to
 * the transaction, so it works behind a transaction pooler too.
 * @throws OrdersyncError `lock_held`, and what the server's refusals mean
 */
export async function changeKeys<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  return described(
    inTransaction(session, async () => {
      await setLocal(session, 'lock_timeout', LOCK_TIMEOUT);
      // A key that a crash forgets, after rows were written with it, is lost data.
      await setLocal(session, 'synchronous_commit', 'on');
      await takeKeyLock(session);
      return work();
    }),
  );
}

/** A refusal of the server in words, with its exit code; anything else as it is. */
export async function described<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw describeServerError(error) ?? error;
  }
}

async function takeKeyLock({ sql }: Session): Promise<void> {
  const [classKey, nameKey] = lockKeys('keys');
  try {
    await sql`select pg_advisory_xact_lock(${classKey}::int4, ${nameKey}::int4)`;
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
    throw new OrdersyncError('lock_held', 'the keys of this database are being changed by another session', {
      hint: 'run the command again when it is through',
      sqlstate: SQLSTATE.lockNotAvailable,
    });
  }
}
