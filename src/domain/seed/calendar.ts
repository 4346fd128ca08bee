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

const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/**
 * Times as PostgreSQL reads them under any setting: 2026-11-01T09:30:00.250Z. A seed writes three for each row, and
 * Date.prototype.toISOString takes four times as long.
 */
export function isoTime(atMs: number): string {
  const days = Math.floor(atMs / DAY_MS);
  const time = atMs - days * DAY_MS;
  const seconds = Math.floor(time / 1000);
  const clock = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  const milliseconds = time - seconds * 1000;
  return `${isoDay(days)}T${clock}.${Math.floor(milliseconds / 100)}${two(milliseconds % 100)}Z`;
}

/** Howard Hinnant's civil_from_days, for days since 1970: years begin in March, so that leap days come last. */
function isoDay(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${two(month)}-${two(day)}`;
}

function two(number: number): string {
  return TWO_DIGITS[Math.floor(number)] ?? '';
}
