import type { Work } from '../../context.ts';
import type { Session, Sql } from '../../db/session.ts';
import { simpleText, simpleTexts } from '../../db/text.ts';
import { inTransaction, setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { describeServerError } from '../../db/server-error.ts';
import { described } from './transaction.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';
import { readAccess } from './all-rows-queries.ts';

/**
 * Reads in one snapshot that holds every row. Row security would leave rows out without a word, and a key would look
 * unused: it is switched off, which makes the server refuse where it would filter.
 */
export async function readingAllRows<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  return described(
    inTransaction(
      session,
      async () => {
        await readEverything(session);
        return work();
      },
      'isolation level repeatable read, read only',
    ),
  );
}

/**
 * As readingAllRows, for a single query: everything is sent at once, so that the server works on it while this process
 * does something else. `query` has to send at once too.
 */
export async function readingAhead<Result>(session: Session, query: () => Promise<Result>): Promise<Result> {
  const begun = simpleTexts(session, [
    'begin read only',
    'set local row_security = off',
    'set local statement_timeout = 0',
  ]);
  const answer = query();
  const ended = simpleText(session, 'rollback');
  const [outcome] = await Promise.allSettled([answer, begun, ended]);
  if (outcome.status === 'rejected') throw describeServerError(outcome.reason) ?? outcome.reason;
  await Promise.all([begun, ended]);
  return outcome.value;
}

/** As readingAllRows, for work that tells how it goes. Reads only, so the transaction always ends with a rollback. */
export async function* inSnapshotOfAllRows<Result>(session: Session, work: () => Work<Result>): Work<Result> {
  await simpleText(session, 'begin isolation level repeatable read, read only');
  try {
    await readEverything(session);
    return yield* work();
  } catch (error) {
    throw describeServerError(error) ?? error;
  } finally {
    if (!session.lost) await simpleText(session, 'rollback');
  }
}

/** A role's statement_timeout is meant for an application, and would end the count of a large table. */
async function readEverything(session: Session): Promise<void> {
  await setLocal(session, 'row_security', 'off');
  await setLocal(session, 'statement_timeout', '0');
}

/** @throws OrdersyncError `permission` naming the encrypted tables that this role cannot read whole */
export async function requireAllRows(sql: Sql): Promise<void> {
  const access = await readAccess(
    sql,
    ENCRYPTED_TABLES.map(({ name }) => name),
  );
  const hidden = access.filter(({ filtered, readable }) => filtered || !readable);
  if (hidden.length === 0) return;
  throw new OrdersyncError('permission', 'this role cannot see every encrypted row', {
    body: hidden.map(
      ({ name, readable }) => `${name}: ${readable ? 'row security hides rows' : 'select is not granted'}`,
    ),
    hint: 'connect as the owner of the tables, or as a role with BYPASSRLS that may read them all',
  });
}
