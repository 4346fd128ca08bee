import type { Throttle, ThrottleNeeds } from './throttle.ts';

/** When one job may do a piece of its work. */
export interface JobPace {
  /** Reading, or encrypting. */
  prepare<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Writing rows: when the throttle lets it. Not done at all when the signal aborted meanwhile. */
  write(work: () => Promise<void>): Promise<void>;
}

/** Everything at once: what is written next is read and encrypted while the server writes. */
export function fullPace({ signal }: ThrottleNeeds, throttle: Throttle): JobPace {
  return {
    prepare: async (work) => work(),
    write: async (work) => {
      await throttle.turn(0);
      if (!signal.aborted) await work();
    },
  };
}

/**
 * Works at most half of the time: one piece after the other, whether the server or this process is what it keeps busy, and
 * after each a rest as long as it took. Two things at once would take both halves of a small machine.
 */
export function halfPace({ clock, signal }: ThrottleNeeds, throttle: Throttle): JobPace {
  let restUntil = 0;
  let line: Promise<unknown> = Promise.resolve();
  const inTurn = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const before = line;
    const mine = (async () => {
      await before;
      return work();
    })();
    // Whoever comes next waits for the end of this piece, however it ends.
    line = mine.catch(() => undefined);
    return mine;
  };
  const timed = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const begun = clock.monotonicMs();
    try {
      return await work();
    } finally {
      restUntil = clock.monotonicMs() + (clock.monotonicMs() - begun);
    }
  };
  return {
    prepare: async (work) =>
      inTurn(async () => {
        const restMs = restUntil - clock.monotonicMs();
        if (restMs > 0) await clock.sleep(restMs, signal);
        return timed(work);
      }),
    write: async (work) =>
      inTurn(async () => {
        await throttle.turn(restUntil);
        if (!signal.aborted) await timed(work);
      }),
  };
}
