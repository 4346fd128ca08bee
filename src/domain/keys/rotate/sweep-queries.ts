import type { Session } from '../../../db/session.ts';

/** Now, by the server's clock, as text with every digit. */
export async function readServerTime({ sql }: Session): Promise<string> {
  const [row] = await sql<{ now: string }[]>`select clock_timestamp()::text as now`;
  return row?.now ?? '';
}

/** A lock that ends with the transaction; false when somebody else holds it. */
export async function tryTransactionLock(
  { sql }: Session,
  [classKey, nameKey]: readonly [number, number],
): Promise<boolean> {
  // The transaction stays idle on purpose: nobody's timeout may end it.
  await sql`select set_config('idle_in_transaction_session_timeout', '0', true)`;
  const [row] = await sql<{ taken: boolean }[]>`
    select pg_try_advisory_xact_lock(${classKey}::int4, ${nameKey}::int4) as taken`;
  return row?.taken === true;
}
