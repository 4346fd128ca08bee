import type { Session } from '../../../db/session.ts';
import { simpleText } from '../../../db/text.ts';

/** Now, by the server's clock, as text with every digit. */
export async function readServerTime({ sql }: Session): Promise<string> {
  const [row] = await sql<{ now: string }[]>`select clock_timestamp()::text as now`;
  return row?.now ?? '';
}

/**
 * A lock that ends with the transaction; false when somebody else holds it. The transaction may stay idle then: nobody's
 * timeout ends it, and it holds no snapshot, which would keep old row versions from being pruned.
 */
export async function tryTransactionLock(
  session: Session,
  [classKey, nameKey]: readonly [number, number],
): Promise<boolean> {
  const [row] = await session.sql<{ taken: boolean }[]>`
    select pg_try_advisory_xact_lock(${classKey}::int4, ${nameKey}::int4) as taken`;
  // By the simple protocol, which also ends the portal of the query before, and with it that query's snapshot.
  await simpleText(session, 'set local idle_in_transaction_session_timeout = 0');
  return row?.taken === true;
}
