import type { ProgressEvent } from '../context.ts';
import { jsonText } from './json.ts';
import type { Progress, ProgressOptions } from './progress.ts';
import type { Counted, Track } from './progress-text.ts';
import { follow, isSameCounter } from './progress-text.ts';

// A fast operation tells thousands of times per second; a reader wants to follow, not to drown.
const EVERY_MS = 250;

/**
 * Progress for programs: one JSON object per line, the event as it is plus `at` (ISO 8601) and, on counters, `perSecond`
 * and `etaMs` (null while unknown). A counter's first and last values always appear.
 */
export function createProgressJson({ write, clock }: ProgressOptions): Progress {
  let track: Track | undefined;
  let writtenMs = 0;
  let pending = false;

  const tell = (event: ProgressEvent, more: Readonly<Record<string, unknown>> = {}): void =>
    write(`${jsonText({ at: clock.now().toISOString(), ...event, ...more })}\n`);
  const tellCount = ({ event, pace }: Track, nowMs: number): void => {
    const etaMs = event.total === undefined ? undefined : pace.etaMs(event.total, nowMs);
    tell(event, { perSecond: rounded(pace.perSecond()), etaMs: rounded(etaMs) });
    writtenMs = nowMs;
    pending = false;
  };
  const finish = (): void => {
    if (track !== undefined && pending) tellCount(track, clock.monotonicMs());
    track = undefined;
  };
  const count = (event: Counted): void => {
    const nowMs = clock.monotonicMs();
    if (track !== undefined && !isSameCounter(track, event)) finish();
    const first = track === undefined;
    track = follow(track, event, nowMs);
    pending = true;
    if (first || nowMs - writtenMs >= EVERY_MS) tellCount(track, nowMs);
  };

  return {
    handle: (event) => {
      if (event.kind === 'progress') return count(event);
      if (event.kind === 'phase') finish();
      return tell(event);
    },
    stop: finish,
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10;
}
