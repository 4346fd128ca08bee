import { OrdersyncError } from '../errors.ts';
import { setParameter } from './queries.ts';
import type { Session } from './session.ts';
import { simpleText, simpleTexts } from './text.ts';

export type BeginMode = readonly [mode: string, ...statements: string[]];

/**
 * Runs `work` between BEGIN and COMMIT; rolls back and throws on when it throws. The session is one connection, so
 * everything sent on it meanwhile belongs to the transaction.
 * @param mode what follows BEGIN, such as `isolation level repeatable read, read only`, and statements to be sent with it;
 *   fixed text, never input
 * @throws OrdersyncError `precondition` when a statement failed, its error was caught, and COMMIT became a rollback
 */
export async function inTransaction<T>(
  session: Session,
  work: () => Promise<T>,
  mode: string | BeginMode = '',
): Promise<T> {
  const [isolation, ...settings] = typeof mode === 'string' ? [mode] : mode;
  await simpleTexts(session, [`begin ${isolation}`, ...settings]);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // After a lost connection there is no transaction left to roll back.
    if (!session.lost) await simpleText(session, 'rollback');
    throw error;
  }
  const { command } = await simpleText(session, 'commit');
  if (command === 'COMMIT') return result;
  throw new OrdersyncError('precondition', 'the transaction was rolled back because a statement in it had failed', {
    hint: 'nothing of it is kept; run the command again',
  });
}

/**
 * The statement that bounds those after it, until the end of the transaction. Not SET: before version 18 pg_stat_statements
 * counts it by itself for each value, and what is left of a time is another one in each run.
 */
export function limitStatements(limitMs: number): string {
  return `select from pg_catalog.set_config('statement_timeout', '${Math.max(1, Math.floor(limitMs))}', true)`;
}

/** Sets a parameter until the end of the transaction. */
export async function setLocal(session: Pick<Session, 'sql'>, name: string, value: string): Promise<void> {
  await setParameter(session.sql, name, value, true);
}
