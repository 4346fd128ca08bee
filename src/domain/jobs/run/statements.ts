import type { Session } from '../../../db/session.ts';
import type { TextRow } from '../../../db/text.ts';
import { runTextAsWritten } from '../../../db/text.ts';
import { OrdersyncError } from '../../../errors.ts';
import { splitStatements } from '../../migrations/file/split.ts';
import { tokensOf } from '../../migrations/file/tokens.ts';
import { transactionControl } from '../../migrations/file/transactions.ts';
import type { Counts, Job } from '../job.ts';

/** What the server said of one statement: its command, how many rows, and the rows. */
export interface Result extends ReadonlyArray<TextRow> {
  readonly command: string;
  readonly count: number | null;
}

/**
 * Runs the statements of a job one after the other, in the transaction there is or each in its own. As they are written:
 * they are the database's own, pg_cron may send them too, and a slow one is to be seen.
 * @throws OrdersyncError `precondition` for a text that would end the transaction
 */
export async function runStatements(session: Session, { name, command }: Job): Promise<readonly Result[]> {
  const { statements } = splitStatements(command);
  for (const { text } of statements) {
    const word = transactionControl(tokensOf(text));
    if (word === undefined) continue;
    throw new OrdersyncError('precondition', `${name} controls transactions itself: ${word}`, {
      hint: 'put it into a procedure, and let the job call that',
    });
  }
  const results: Result[] = [];
  for (const { text } of statements) results.push(await runTextAsWritten(session, text));
  return results;
}

/** What plain statements did, as the server counts it; and the one number that a SELECT returned. */
export function countsOf(results: readonly Result[]): Counts {
  let deleted: number | undefined;
  let changed: number | undefined;
  let returned: number | undefined;
  for (const result of results) {
    const count = result.count ?? 0;
    if (result.command === 'DELETE') deleted = (deleted ?? 0) + count;
    if (['INSERT', 'UPDATE', 'MERGE'].includes(result.command)) changed = (changed ?? 0) + count;
    const [value, ...others] = result.length === 1 ? Object.values(result[0] ?? {}) : [];
    if (others.length === 0 && /^-?\d{1,15}$/.test(String(value))) returned = (returned ?? 0) + Number(value);
  }
  return {
    ...(deleted === undefined ? {} : { deleted }),
    ...(changed === undefined ? {} : { changed }),
    ...(returned === undefined ? {} : { returned }),
  };
}
