import { setImmediate } from 'node:timers/promises';

/** A few milliseconds of work. */
const UNITS_AT_A_TIME = 1000;

/**
 * Calls `each` for every number from `first` to below `end`, and lets timers and signals in between: a plan of ten million
 * rows counts for a dozen seconds. Rejects with the signal's reason when it aborts.
 */
export async function countThrough(
  [first, end]: readonly [first: number, end: number],
  signal: AbortSignal,
  each: (unit: number) => void,
): Promise<void> {
  for (let next = first; next < end;) {
    signal.throwIfAborted();
    const until = Math.min(end, next + UNITS_AT_A_TIME);
    for (; next < until; next += 1) each(next);
    await setImmediate();
  }
}
