import type { Session } from '../../../db/session.ts';
import { sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import { describeBlocker } from '../blockers.ts';
import type { Run } from './run.ts';

/** What another session caused and time may cure: lock timeout, deadlock, serialization failure. */
const RETRYABLE: ReadonlySet<string> = new Set(['55P03', '40P01', '40001']);

export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(sqlstateOf(error) ?? '');
}

/** True when the backend is gone or going: a FATAL answer arrives a moment before the socket closes. */
export function isLost(session: Session, error: unknown): boolean {
  if (session.lost || (error instanceof OrdersyncError && error.code === 'connection')) return true;
  return sqlstateOf(error) !== undefined && (error as { severity?: unknown }).severity === 'FATAL';
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Pause before attempt n + 1: doubles from 200 ms to 10 s, of which a random half is taken away, so that two waiting
 * runs do not meet again. Ten retries take about half a minute plus ten lock timeouts.
 */
export function pauseMs(attempt: number, random: () => number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.round(full * (1 - random() / 2));
}

interface Retry {
  readonly error: unknown;
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly pause: number;
}

const REASONS: Readonly<Record<string, string>> = {
  '55P03': 'lock not granted',
  '40P01': 'deadlock',
  '40001': 'serialization failure',
};

/** "003_orders.up.sql: lock not granted within 1 s, blocked by pid …; retry 1 of 10 in 0.2 s" */
export function retryWarning(
  run: Pick<Run, 'watcher' | 'options'>,
  place: string,
  { error, attempt, pause }: Retry,
): string {
  const reason = REASONS[sqlstateOf(error) ?? ''] ?? 'refused';
  const blockers = run.watcher.last.map(describeBlocker).join('; ');
  const blocked = blockers === '' ? '' : `, blocked by ${blockers}`;
  return `${place}: ${reason}${blocked}; rolled back, retry ${attempt} of ${run.options.retries} in ${(pause / 1000).toFixed(1)} s`;
}
