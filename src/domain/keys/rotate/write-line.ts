/** Pieces of work that are under way while their owner does something else, so many at once at most. */
export interface WriteLine {
  /** Resolves when another piece may begin. Throws what an earlier one failed with. */
  room(): Promise<void>;
  /** Begins a piece now. */
  start(work: () => Promise<void>): void;
  /** Begins a piece when all before it have ended well. */
  startAfterAll(work: () => Promise<void>): void;
  /** Resolves when nothing is under way. Throws what a piece failed with. */
  wait(): Promise<void>;
  /** As wait, but never throws. */
  settled(): Promise<void>;
}

/** @param atOnce how many pieces may be under way together */
export function createWriteLine(atOnce: number): WriteLine {
  /** Those under way in the order of their beginning; each rejects once any before it has failed. */
  let pieces: Promise<void>[] = [];
  const add = (piece: Promise<void>): void => {
    // Told by the next room() or wait(), which comes later: until then it must not count as unheard.
    piece.catch(() => undefined);
    pieces = [...pieces.slice(-atOnce), piece];
  };
  const all = async (): Promise<void> => void (await Promise.all(pieces));
  return {
    room: async () => {
      await Promise.all(pieces.slice(0, Math.max(0, pieces.length - (atOnce - 1))));
    },
    start: (work) => {
      const before = pieces;
      add(endOf([...before, work()]));
    },
    startAfterAll: (work) => {
      add(all().then(work));
    },
    wait: all,
    settled: async () => {
      await Promise.allSettled(pieces);
    },
  };
}

/** When all have ended, however: what failed first must not let others go on unnoticed. Throws the first failure. */
async function endOf(pieces: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(pieces);
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
