import type { Context } from '../../../context.ts';

/** Lets rows pass at no more than so many a second; one for all exports of a run. */
export interface RowPace {
  /** Counts a row. @returns true when it is time for a rest */
  passed(): boolean;
  /** Sleeps until the rows that have passed may have. Throws the signal's reason, at once when it aborts. */
  rest(): Promise<void>;
}

/** Shorter waits are gathered: timers are hardly finer than that, and a row is exported in microseconds. */
const TURN_MS = 100;

/** @param maxRate rows per second; undefined for as fast as it goes */
export function createRowPace(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  maxRate: number | undefined,
): RowPace {
  const rowMs = maxRate === undefined ? 0 : 1000 / maxRate;
  let owedMs = 0;
  let sinceMs = clock.monotonicMs();
  return {
    passed: () => {
      owedMs += rowMs;
      return owedMs >= TURN_MS;
    },
    rest: async () => {
      const leftMs = owedMs - (clock.monotonicMs() - sinceMs);
      if (leftMs > 0) await clock.sleep(leftMs, signal);
      // Else the rows that are in this process already would be exported without a rest.
      signal.throwIfAborted();
      // Time in which fewer rows passed than might have is not saved up: a burst afterwards would exceed the limit.
      sinceMs = clock.monotonicMs();
      owedMs = 0;
    },
  };
}
