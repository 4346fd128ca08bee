const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Seoul has no daylight saving time. */
const SEOUL_MS = 9 * HOUR_MS;

/** The time that demo data covers, in milliseconds since 1970. */
export interface Span {
  /** First instant of a UTC month. */
  readonly start: number;
  /** Nothing happens after it. */
  readonly until: number;
}

/** The whole months before the month of `until`, and that month up to `until`. */
export function spanOf(until: Date, months: number): Span {
  return { start: monthStart(until, -months), until: until.getTime() };
}

/** First instant of the UTC month that lies so many months after the one of `at`. */
export function monthStart(at: Date, monthsLater: number): number {
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater, 1);
}

/** The first days of all months that the span touches, as ISO dates. */
export function monthsOf({ start, until }: Span): string[] {
  const first = new Date(start);
  const months: string[] = [];
  for (let later = 0; monthStart(first, later) <= until; later += 1) {
    months.push(new Date(monthStart(first, later)).toISOString().slice(0, 10));
  }
  return months;
}

/** Share of a day's orders that lie before an hour of the day in Seoul: quiet nights, lunch, dinner. */
const DAY: readonly (readonly [hour: number, share: number])[] = [
  [0, 0],
  [6, 0.03],
  [11, 0.15],
  [13.5, 0.42],
  [17, 0.53],
  [21, 0.92],
  [24, 1],
];

/**
 * Spreads things over a span as a shop's day spreads them. The result takes a position from 0 (the start) to 1 (the end)
 * to a time in whole milliseconds; later positions never get earlier times.
 */
export function rhythm({ start, until }: Span): (position: number) => number {
  const low = loadBefore(start);
  const high = loadBefore(until);
  return (position) => Math.min(until, Math.max(start, Math.floor(timeOfLoad(low + position * (high - low)))));
}

/** Days since 1970 in Seoul, with the shop's day instead of the clock's inside each day. */
function loadBefore(at: number): number {
  const days = (at + SEOUL_MS) / DAY_MS;
  const hour = (days - Math.floor(days)) * 24;
  return Math.floor(days) + interpolate(DAY, hour);
}

function timeOfLoad(load: number): number {
  const hour = interpolate(BY_SHARE, load - Math.floor(load));
  return Math.floor(load) * DAY_MS + hour * HOUR_MS - SEOUL_MS;
}

const BY_SHARE = DAY.map(([hour, share]) => [share, hour] as const);

function interpolate(points: readonly (readonly [number, number])[], x: number): number {
  const next = points.findIndex(([at], index) => index > 0 && x < at);
  const [x1, y1] = points[next - 1] ?? [0, 0];
  const [x2, y2] = points[next] ?? [1, 1];
  return y1 + ((x - x1) / (x2 - x1)) * (y2 - y1);
}

/** Times as PostgreSQL reads them under any setting. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
