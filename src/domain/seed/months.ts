import type { Clock } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../db/transaction.ts';
import { monthsOf } from './calendar.ts';
import type { Span } from './calendar.ts';
import { ensureMonths } from './queries.ts';
import { PARTITIONED_TABLES } from './table.ts';

export interface MonthNeeds {
  readonly session: Session;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A month of one table locks a dozen relations; the server has locks for some hundreds. */
const MONTHS_AT_A_TIME = 12;
/** Attaching a month locks `users` and queues its writers behind it, so it gives up soon and tries again. */
const LOCK_TIMEOUT = '150ms';
const ATTEMPTS = 40;
const PAUSE_MS = 250;

/**
 * Creates the months of the span that are missing, the newest first, because a hole between months is filled with them.
 * Each call commits by itself; months without rows do no harm, and the next seed finds them.
 * @returns how many partitions were created
 */
export async function createMonths(needs: MonthNeeds, span: Span): Promise<number> {
  const months = monthsOf(span);
  let created = 0;
  for (const table of PARTITIONED_TABLES) {
    for (let end = months.length; end > 0; end -= MONTHS_AT_A_TIME) {
      const part = months.slice(Math.max(0, end - MONTHS_AT_A_TIME), end);
      created += await createPatiently(needs, table, { from: part[0] ?? '', to: part.at(-1) ?? '' });
    }
  }
  return created;
}

async function createPatiently(
  { session, clock, signal }: MonthNeeds,
  table: string,
  range: { readonly from: string; readonly to: string },
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await inTransaction(session, async () => {
        await setLocal(session, 'lock_timeout', LOCK_TIMEOUT);
        return ensureMonths(session.sql, table, range);
      });
    } catch (error) {
      if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable || attempt === ATTEMPTS) throw error;
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}
