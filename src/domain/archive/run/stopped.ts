import { describeServerError } from '../../../db/server-error.ts';
import type { Session } from '../../../db/session.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import { stoppedAfter } from '../stopped.ts';
import { readJournal } from './journal-queries.ts';
import type { MonthOutcome } from './run.ts';

interface StoppedRun {
  readonly outcomes: readonly MonthOutcome[];
  /** The month that was worked on. */
  readonly begun: PlannedMonth | undefined;
}

/** What a run had done when Ctrl-C, or a connection that was lost, ended it. */
export async function stoppedRun(session: Session, error: unknown, { outcomes, begun }: StoppedRun): Promise<unknown> {
  const finished = outcomes.filter(({ problem }) => problem === undefined);
  const state = begun && (await stateOf(session, begun));
  const under = state !== undefined && state !== 'planned';
  return stoppedAfter(describeServerError(error) ?? error, {
    said: `months finished: ${finished.length}`,
    kept: finished.length > 0 || under,
    body: [
      ...outcomes.map(({ planned, entry, problem }) => `${nameOf(planned)}: ${problem?.message ?? entry?.state ?? ''}`),
      ...(begun === undefined || state === undefined ? [] : [`${nameOf(begun)}: ${state}, not finished`]),
    ],
    hint: 'what was finished stays, and the same command goes on; ordersync archive list shows how far each month is',
  });
}

function nameOf({ table: { table }, month }: PlannedMonth): string {
  return `${table} ${month}`;
}

/** `under way` where nobody can say any more. */
async function stateOf(session: Session, { table: { table }, month, kind, number }: PlannedMonth) {
  try {
    const entries = session.lost ? undefined : await readJournal(session.sql, [table]);
    if (entries === undefined) return 'under way';
    return entries.find((entry) => entry.month === month && entry.kind === kind && entry.number === number)?.state;
  } catch {
    // It is told what ended the run, not that this question has no answer either.
    return 'under way';
  }
}
