/** How fast something goes, from readings of a counter. All times are milliseconds of one monotonic clock. */
export interface Pace {
  /** Reports the counter's value now. */
  readonly note: (done: number, nowMs: number) => void;
  /** Smoothed units per second, or undefined while there is too little to say. */
  readonly perSecond: () => number | undefined;
  /** Time to `total` at the present pace, or undefined when nobody can know: at the start, and when nothing moves. */
  readonly etaMs: (total: number, nowMs: number) => number | undefined;
  /** Units per second since the start, or undefined within the first half second. */
  readonly average: (nowMs: number) => number | undefined;
  readonly elapsedMs: (nowMs: number) => number;
  /** How long the counter has stood still. */
  readonly idleMs: (nowMs: number) => number;
}

// Readings older than this count little: long enough to even out batches, short enough to follow a throttle.
const MEMORY_MS = 10_000;
const SHORTEST_SAMPLE_MS = 200;
const SHORTEST_BASIS_MS = 500;
// An estimate from the first seconds is wrong by multiples: caches are cold and connections are being opened.
const FIRST_ESTIMATE_MS = 2_000;

/** Readings older than this make the present pace unknown. */
export const STALLED_MS = 10_000;

/** Starts measuring at `done`, which is not zero when a run is resumed. */
export function createPace(done: number, nowMs: number): Pace {
  const start = { done, atMs: nowMs };
  let latest = start;
  let sampled = start;
  // Discounted sums: their quotient is an average weighted towards the present, without a bias at the start.
  let units = 0;
  let time = 0;

  const note = (count: number, atMs: number): void => {
    if (count !== latest.done) latest = { done: count, atMs };
    const passed = atMs - sampled.atMs;
    if (passed < SHORTEST_SAMPLE_MS) return;
    const kept = Math.exp(-passed / MEMORY_MS);
    units = units * kept + (count - sampled.done);
    time = time * kept + passed;
    sampled = { done: count, atMs };
  };
  const perSecond = (): number | undefined => (time < SHORTEST_BASIS_MS ? undefined : (units / time) * 1000);
  const idleMs = (atMs: number): number => atMs - latest.atMs;
  const elapsedMs = (atMs: number): number => atMs - start.atMs;

  return {
    note,
    perSecond,
    idleMs,
    elapsedMs,
    average: (atMs) =>
      elapsedMs(atMs) < SHORTEST_BASIS_MS ? undefined : ((latest.done - start.done) / elapsedMs(atMs)) * 1000,
    etaMs: (total, atMs) => {
      const rate = perSecond() ?? 0;
      if (rate <= 0 || total <= latest.done) return undefined;
      if (elapsedMs(atMs) < FIRST_ESTIMATE_MS || idleMs(atMs) >= STALLED_MS) return undefined;
      return ((total - latest.done) / rate) * 1000;
    },
  };
}
