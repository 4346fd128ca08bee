import type { Progress, ProgressOptions } from './progress.ts';
import type { Counted, Track } from './progress-text.ts';
import { follow, isSameCounter, lastLine, plain, remarkLine, stateLine } from './progress-text.ts';

// Often enough to see life in a CI log, seldom enough to read it.
const EVERY_MS = 5_000;

/** Progress for logs and pipes: a line per phase, a line every few seconds per counter, and its last state. */
export function createProgressLines({ write, clock }: ProgressOptions): Progress {
  let track: Track | undefined;
  let writtenMs = 0;

  const finish = (): void => {
    if (track !== undefined) write(`${lastLine(track, clock.monotonicMs())}\n`);
    track = undefined;
  };
  const count = (event: Counted): void => {
    const nowMs = clock.monotonicMs();
    if (track !== undefined && !isSameCounter(track, event)) finish();
    if (track === undefined) writtenMs = nowMs;
    track = follow(track, event, nowMs);
    if (nowMs - writtenMs < EVERY_MS) return;
    writtenMs = nowMs;
    write(`${stateLine(track, nowMs)}\n`);
  };

  let stopped = false;
  return {
    handle: (event) => {
      if (event.kind === 'note' || event.kind === 'warning') return write(remarkLine(event));
      if (stopped) return undefined;
      if (event.kind === 'progress') return count(event);
      finish();
      return write(`${plain(event.message)}\n`);
    },
    stop: () => {
      finish();
      stopped = true;
    },
  };
}
