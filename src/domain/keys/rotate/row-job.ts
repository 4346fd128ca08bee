import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import type { Figures } from './figures.ts';
import type { JobPace } from './job-pace.ts';
import type { KeyRing } from './key-ring.ts';
import type { RowStatements } from './row-queries.ts';
import { rowStatements } from './row-queries.ts';
import type { RowSession } from './row-session.ts';
import type { StripeReader } from './read-stripes.ts';
import { whenRelationLocked } from './read-stripes.ts';
import type { Throttle } from './throttle.ts';
import type { RotationTable, RowWorkNeeds, RowWorkRequest } from './types.ts';
import type { StripeWriter } from './write-stripe.ts';

/** What all jobs of this process share. */
export interface RowWork {
  readonly needs: RowWorkNeeds;
  readonly request: RowWorkRequest;
  /** Aborts with the user's signal, and when another job fails. */
  readonly signal: AbortSignal;
  readonly control: Session;
  readonly figures: Figures;
  readonly throttle: Throttle;
  readonly ring: KeyRing;
  /** Sentences for the user. */
  readonly say: (message: string) => void;
}

/** One line of work with its own sessions. */
export interface RowJob extends RowWork {
  readonly reader: RowSession;
  readonly writer: RowSession;
  readonly pace: JobPace;
}

/** A relation to work on, under the name it has now. */
export interface Target {
  readonly table: RotationTable;
  readonly relation: string;
  readonly statements: RowStatements;
}

export function targetOf(table: RotationTable, relation: string): Target {
  return { table, relation, statements: rowStatements(table, relation) };
}

/**
 * Measured: 500 to 2000 rows a statement cost least, and memory grows with them. Where the work is gentle each takes a
 * millisecond or two, disk included: the 99th percentile of a writer beside it was 2 to 3 times its own with 256 rows, and 1
 * time with 16.
 */
const STATEMENT_ROWS = { fullSpeed: 768, gentle: 16 };

/** Reads at the pace of the job. */
export function readerOf({ request, reader, pace }: RowJob, { table, statements }: Target): StripeReader {
  const { run, pace: wanted } = request;
  const { fullSpeed, gentle } = STATEMENT_ROWS;
  return {
    run: async (text, parameters) => pace.prepare(async () => reader.run(text, parameters)),
    table,
    statements,
    keyId: run.to.keyId,
    // With a limit of rows a second a statement takes a quarter of one.
    statementRows: Math.min(wanted.fullSpeed ? fullSpeed : gentle, (wanted.maxRate ?? Infinity) / 4),
  };
}

export function writerOf({ needs, request, writer, figures }: RowJob, { table, statements }: Target): StripeWriter {
  const { clock } = needs;
  return { session: writer, table, statements, keyId: request.run.to.keyId, clock, figures, random: Math.random };
}

const RELATION_PATIENCE_MS = 60_000;
const RELATION_PAUSE_MS = 500;

/**
 * Repeats a read while a session holds the whole relation locked, such as an ALTER TABLE.
 * @returns undefined when the relation is not there any more, or the work is to stop
 * @throws OrdersyncError `partial` when it stays locked
 */
export async function whileItStands<Result>(
  { needs: { clock }, figures, signal }: RowWork,
  relation: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const deadline = clock.monotonicMs() + RELATION_PATIENCE_MS;
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (sqlstateOf(error) === SQLSTATE.undefinedTable) return undefined;
      if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable || clock.monotonicMs() > deadline) {
        throw whenRelationLocked(error, relation);
      }
      figures.retries += 1;
      await clock.sleep(RELATION_PAUSE_MS, signal);
    }
  }
  return undefined;
}
