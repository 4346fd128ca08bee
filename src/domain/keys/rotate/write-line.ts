/** One piece of work after the other, at most one under way, while its owner does something else. */
export interface WriteLine {
  /** Resolves when nothing is under way. Throws what the work failed with. */
  wait(): Promise<void>;
  /** Begins when what is under way has ended well. */
  start(work: () => Promise<void>): void;
  /** As wait, but never throws. */
  settled(): Promise<void>;
}

export function createWriteLine(): WriteLine {
  let current = Promise.resolve();
  return {
    wait: async () => current,
    start: (work) => {
      current = current.then(work);
      // Told by the next wait(), which comes later: until then it must not count as unheard.
      current.catch(() => undefined);
    },
    settled: async () => {
      await Promise.allSettled([current]);
    },
  };
}
