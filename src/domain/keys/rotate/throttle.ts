import type { Clock } from '../../../context.ts';
import type { Pressure } from './throttle-queries.ts';
import type { Pace } from './types.ts';

/** Decides when the next statement may begin, for all jobs of this process. */
export interface Throttle {
  /** Resolves when rows may be written again, not before `until`; at once when the signal aborts. */
  turn(until: number): Promise<void>;
  /** Rows were written: with a limit of rows per second, the next ones wait. */
  wrote(rows: number): void;
  /** What the server says, several times a second. */
  observe(pressure: Pressure): void;
  readonly lagMs: number | undefined;
  /** Why nothing may begin at the moment. */
  readonly pause: string | undefined;
}

export interface ThrottleNeeds {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How often a paused job looks again. */
const LOOK_MS = 50;
/** Beyond this a burst of WAL is forgiven, so that a limit once exceeded does not stop the work for minutes. */
const LONGEST_DEBT_MS = 5000;

/** Rows per second, WAL per second, lag, and, always, no writing while any session waits for a lock of ours. */
export function createThrottle({ clock, signal }: ThrottleNeeds, pace: Pace): Throttle {
  const lag = createLagMeter();
  let ratedUntil = 0;
  let waiters = 0;
  let walDebtMs = 0;
  let last: { readonly at: number; readonly written: number } | undefined;
  const pauseNow = (): string | undefined => {
    if (waiters > 0) return 'sessions wait for a lock';
    if (pace.maxLagMs !== undefined && (lag.ms ?? 0) > pace.maxLagMs) return 'a standby or slot lags';
    return walDebtMs > 0 ? 'the server writes much WAL' : undefined;
  };
  return {
    turn: async (until) => {
      while (!signal.aborted) {
        const waitMs = pauseNow() === undefined ? Math.max(until, ratedUntil) - clock.monotonicMs() : LOOK_MS;
        if (waitMs <= 0) return;
        await clock.sleep(waitMs, signal);
      }
    },
    wrote: (rows) => {
      if (pace.maxRate === undefined) return;
      ratedUntil = Math.max(ratedUntil, clock.monotonicMs()) + (rows / pace.maxRate) * 1000;
    },
    observe: (pressure) => {
      const at = clock.monotonicMs();
      waiters = pressure.waiters;
      lag.observe(at, pressure);
      if (last !== undefined && pace.maxWal !== undefined) {
        const owedMs = ((pressure.written - last.written) / pace.maxWal) * 1000;
        walDebtMs = Math.min(LONGEST_DEBT_MS, Math.max(0, walDebtMs + owedMs - (at - last.at)));
      }
      last = { at, written: pressure.written };
    },
    get lagMs() {
      return lag.ms;
    },
    get pause() {
      return pauseNow();
    },
  };
}

/** One second apart, ten minutes long: a lag beyond that is said to be at least that. */
const SAMPLE_MS = 1000;
const SAMPLES = 600;

/**
 * Turns a position in the WAL into milliseconds: how long ago the server itself was there. The same for standbys and slots,
 * and right on an idle server too, where pg_stat_replication.replay_lag keeps its last value.
 */
function createLagMeter() {
  const samples: { readonly at: number; readonly written: number }[] = [];
  let ms: number | undefined;
  return {
    get ms() {
      return ms;
    },
    observe: (at: number, { written, replayed }: Pressure): void => {
      const newest = samples.at(-1);
      if (newest === undefined || at - newest.at >= SAMPLE_MS) samples.push({ at, written });
      if (samples.length > SAMPLES) samples.shift();
      if (replayed === undefined) ms = undefined;
      else if (replayed >= written) ms = 0;
      // The first moment at which the server had written more than has been replayed.
      else ms = at - (samples.find((sample) => sample.written > replayed)?.at ?? at);
    },
  };
}
