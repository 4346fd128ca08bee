import type { ProgressEvent } from '../context.ts';
import type { Pace } from './pace.ts';
import { createPace, STALLED_MS } from './pace.ts';
import { oneLine, visibleText } from './sanitize.ts';
import { humanBytes, humanCount, humanEstimate, humanMs, humanRate } from './units.ts';

export type Counted = Extract<ProgressEvent, { kind: 'progress' }>;

/** One counter that is being followed. */
export interface Track {
  readonly event: Counted;
  readonly pace: Pace;
}

/** Goes on with the track of the same counter, or starts one for a counter with another name or that starts again. */
export function follow(track: Track | undefined, event: Counted, nowMs: number): Track {
  if (track === undefined || !isSameCounter(track, event)) return { event, pace: createPace(event.done, nowMs) };
  track.pace.note(event.done, nowMs);
  return { event, pace: track.pace };
}

export function isSameCounter(track: Track, event: Counted): boolean {
  return track.event.label === event.label && track.event.unit === event.unit && event.done >= track.event.done;
}

/** `orders: 12,000 of 50,000 rows (24 %), 4,000 rows/s, about 10 s left, HOT 84 %` */
export function stateLine({ event, pace }: Track, nowMs: number): string {
  const percent = percentOf(event);
  const figures = [
    `${amountOf(event)}${percent === undefined ? '' : ` (${percent} %)`}`,
    ...paceWords(event, pace, nowMs),
    ...detailOf(event),
  ];
  return `${plain(event.label)}: ${figures.join(', ')}`;
}

/** `orders: 50,000 of 50,000 rows in 12.3 s, 4,065 rows/s, HOT 84 %`: the last word on a counter. */
export function lastLine({ event, pace }: Track, nowMs: number): string {
  const average = pace.average(nowMs);
  const figures = [
    `${amountOf(event)} in ${humanMs(Math.round(pace.elapsedMs(nowMs)))}`,
    ...(average === undefined ? [] : [rateOf(event, average)]),
    ...detailOf(event),
  ];
  return `${plain(event.label)}: ${figures.join(', ')}`;
}

/** Rate and remaining time as far as they are known; how long it has stood still when it does. */
export function paceWords(event: Counted, pace: Pace, nowMs: number): readonly string[] {
  const idle = pace.idleMs(nowMs);
  const finished = event.total !== undefined && event.done >= event.total;
  if (idle >= STALLED_MS && !finished) return [`no progress for ${humanEstimate(idle)}`];
  const rate = pace.perSecond();
  const eta = event.total === undefined ? undefined : pace.etaMs(event.total, nowMs);
  return [
    ...(rate === undefined ? [] : [rateOf(event, rate)]),
    ...(eta === undefined ? [] : [`about ${humanEstimate(eta)} left`]),
  ];
}

/** Whole percent, rounded down: 100 only when nothing is left. Undefined without a total. */
export function percentOf({ done, total }: Counted): number | undefined {
  if (total === undefined) return undefined;
  return total <= 0 || done >= total ? 100 : Math.floor((done / total) * 100);
}

/** `12,000 of 50,000 rows`, `1.2 GB of 3.4 GB`. */
export function amountOf({ done, total, unit }: Counted): string {
  const count = unit === 'bytes' ? humanBytes : humanCount;
  const noun = unit === 'bytes' ? '' : ` ${(total ?? done) === 1 ? unit.slice(0, -1) : unit}`;
  return `${count(done)}${total === undefined ? '' : ` of ${count(total)}`}${noun}`;
}

/** A message as one plain line. */
export function plain(text: string): string {
  return oneLine(visibleText(text));
}

/** The line of a note or a warning. A note of several lines keeps them. */
export function remarkLine(event: { readonly kind: 'note' | 'warning'; readonly message: string }): string {
  return `${event.kind === 'warning' ? 'warning: ' : ''}${visibleText(event.message)}\n`;
}

export function detailOf(event: Counted): readonly string[] {
  return event.detail === undefined || event.detail === '' ? [] : [plain(event.detail)];
}

function rateOf({ unit }: Counted, perSecond: number): string {
  return unit === 'bytes' ? `${humanRate(perSecond, unit)}/s` : `${humanRate(perSecond, unit)} ${unit}/s`;
}
