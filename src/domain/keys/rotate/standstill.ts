import type { Clock } from '../../../context.ts';

/** Judges whether locked rows are worth waiting for any longer. */
export interface Standstill {
  /** Waits a moment after a pass that got nothing done. True when nothing got done for as long as the patience lasts. */
  lasts(gotSomethingDone: boolean, signal: AbortSignal): Promise<boolean>;
}

/** Far longer than any transaction of an application that is well. */
const LOCK_PATIENCE_MS = 15_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

export function createStandstill(clock: Clock): Standstill {
  let since: number | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  return {
    lasts: async (gotSomethingDone, signal) => {
      if (gotSomethingDone) {
        since = undefined;
        pauseMs = FIRST_PAUSE_MS;
        return false;
      }
      since ??= clock.monotonicMs();
      if (clock.monotonicMs() - since >= LOCK_PATIENCE_MS) return true;
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      return false;
    },
  };
}
